//! The order of an index as far as those who ask for it care (pure).

use crate::index::{IndexAsk, IndexKey};

/// Columns in blocks: the blocks have an order, the columns inside one do not.
///
/// One ask is a block of its equality columns and a block for each further column. An index that
/// serves two asks has an order that refines both, so merging is taking the coarsest common
/// refinement, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    blocks: Vec<Vec<Key>>,
}

/// A column; its direction matters only where rows are wanted in order.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    column: String,
    descending: Option<bool>,
}

impl Key {
    fn free(column: &str) -> Self {
        Self { column: column.to_owned(), descending: None }
    }

    fn merged(&self, other: &Self) -> Option<Self> {
        let fits = self.descending.is_none() || other.descending.is_none() || self == other;
        let descending = self.descending.or(other.descending);
        (self.column == other.column && fits)
            .then(|| Self { column: self.column.clone(), descending })
    }
}

impl Layout {
    pub(crate) fn of(ask: &IndexAsk) -> Self {
        let equality: Vec<Key> = ask.equality.iter().map(|column| Key::free(column)).collect();
        let tail = ask.tail.iter().enumerate().map(|(at, key)| {
            // A range is read as well from either end.
            let descending = if ask.range && ask.tail.len() == 1 && at == 0 {
                None
            } else {
                Some(key.descending)
            };
            vec![Key { column: key.column.clone(), descending }]
        });
        Self {
            blocks: std::iter::once(equality)
                .filter(|block| !block.is_empty())
                .chain(tail)
                .collect(),
        }
    }

    /// The columns in an order that serves all whose asks were merged.
    pub(crate) fn keys(&self) -> Vec<IndexKey> {
        let keys = self.blocks.iter().flatten();
        keys.map(|key| IndexKey {
            column: key.column.clone(),
            descending: key.descending == Some(true),
        })
        .collect()
    }

    /// One layout that serves both.
    pub(crate) fn merged(&self, other: &Self) -> Option<Self> {
        let (mut left, mut right) = (Rest::of(self), Rest::of(other));
        let mut blocks = Vec::new();
        while !left.block.is_empty() && !right.block.is_empty() {
            let (small, large) = if left.block.len() <= right.block.len() {
                (&mut left, &mut right)
            } else {
                (&mut right, &mut left)
            };
            blocks.push(large.take(&small.block)?);
            small.next();
            if large.block.is_empty() {
                large.next();
            }
        }
        blocks.extend(left.into_blocks().chain(right.into_blocks()));
        Some(Self { blocks })
    }
}

/// What of a layout is not yet placed: a part of one block, and the blocks after it.
struct Rest {
    block: Vec<Key>,
    later: std::vec::IntoIter<Vec<Key>>,
}

impl Rest {
    fn of(layout: &Layout) -> Self {
        let mut later = layout.blocks.clone().into_iter();
        Self { block: later.next().unwrap_or_default(), later }
    }

    fn next(&mut self) {
        self.block = self.later.next().unwrap_or_default();
    }

    /// Takes these columns out of the block, if all of them are in it.
    fn take(&mut self, keys: &[Key]) -> Option<Vec<Key>> {
        keys.iter()
            .map(|key| {
                let (at, merged) = self
                    .block
                    .iter()
                    .enumerate()
                    .find_map(|(at, mine)| Some((at, mine.merged(key)?)))?;
                self.block.remove(at);
                Some(merged)
            })
            .collect()
    }

    fn into_blocks(self) -> impl Iterator<Item = Vec<Key>> {
        std::iter::once(self.block).filter(|block| !block.is_empty()).chain(self.later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Table;

    fn ask() -> IndexAsk {
        IndexAsk::on(&Table::new("t"))
    }

    fn merged(a: &IndexAsk, b: &IndexAsk) -> Option<Vec<IndexKey>> {
        let (left, right) = (Layout::of(a), Layout::of(b));
        let both = left.merged(&right);
        assert_eq!(both.is_some(), right.merged(&left).is_some(), "merging has no direction");
        both.map(|layout| layout.keys())
    }

    #[test]
    fn equality_leaves_the_direction_to_the_sort() {
        let (fixed, newest) = (ask().equal("a"), ask().sorted(IndexKey::descending("a")));
        assert_eq!(merged(&fixed, &newest), Some(vec![IndexKey::descending("a")]));
        let range = ask().range("a");
        assert_eq!(merged(&range, &newest), Some(vec![IndexKey::descending("a")]));
    }

    #[test]
    fn sorts_in_different_directions_have_no_common_index() {
        let mixed = ask().sorted(IndexKey::ascending("a")).sorted(IndexKey::descending("b"));
        let plain = ask().sorted(IndexKey::ascending("a")).sorted(IndexKey::ascending("b"));
        assert_eq!(merged(&mixed, &plain), None);
    }

    #[test]
    fn three_asks_share_one_order_when_there_is_one() {
        let wide = Layout::of(&ask().equal("a").equal("b").equal("c").range("d"));
        let narrow = Layout::of(&ask().equal("c"));
        let middle = Layout::of(&ask().equal("c").range("b"));
        let all = wide.merged(&narrow).and_then(|layout| layout.merged(&middle)).unwrap();
        assert_eq!(all.keys(), ["c", "b", "a", "d"].map(IndexKey::ascending));
        assert_eq!(all.merged(&Layout::of(&ask().equal("a"))), None);
    }
}
