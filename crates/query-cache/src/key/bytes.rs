//! Bytes that are kept in place as long as they are few.

use std::hash::{Hash, Hasher};

/// So many bytes need no allocation. With it, a key takes one cache line.
const IN_PLACE: usize = 54;

/// A growing list of bytes.
#[derive(Clone, Debug)]
pub(super) enum Bytes {
    Few { len: u8, bytes: [u8; IN_PLACE] },
    Many(Vec<u8>),
}

impl Bytes {
    pub(super) fn new() -> Self {
        Self::Few { len: 0, bytes: [0; IN_PLACE] }
    }

    pub(super) fn push(&mut self, byte: u8) {
        self.extend(&[byte]);
    }

    pub(super) fn extend(&mut self, more: &[u8]) {
        match self {
            Self::Few { len, bytes } => {
                let (from, to) = (usize::from(*len), usize::from(*len) + more.len());
                match (bytes.get_mut(from..to), u8::try_from(to)) {
                    (Some(room), Ok(to)) => {
                        room.copy_from_slice(more);
                        *len = to;
                    }
                    _ => *self = Self::Many([&bytes[..from], more].concat()),
                }
            }
            Self::Many(bytes) => bytes.extend_from_slice(more),
        }
    }

    /// What they take of the heap.
    pub(super) fn owned(&self) -> usize {
        match self {
            Self::Few { .. } => 0,
            Self::Many(bytes) => bytes.capacity(),
        }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Few { len, bytes } => &bytes[..usize::from(*len)],
            Self::Many(bytes) => bytes,
        }
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        match self {
            Self::Few { len, bytes } => &mut bytes[..usize::from(*len)],
            Self::Many(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        let mut these = Self::new();
        these.extend(bytes);
        these
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Bytes {}

impl Hash for Bytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Without the length, which says nothing that the canonical bytes of a key do not say.
        state.write(self.as_slice());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_are_those_that_were_added(pieces in prop::collection::vec(
            prop::collection::vec(any::<u8>(), 0..40), 0..6,
        )) {
            let mut bytes = Bytes::new();
            for piece in &pieces {
                bytes.extend(piece);
            }
            let all = pieces.concat();
            prop_assert_eq!(bytes.as_slice(), &*all);
            prop_assert_eq!(bytes.as_mut_slice(), &*all);
            prop_assert!(bytes == Bytes::from(&*all));
            prop_assert_eq!(matches!(bytes, Bytes::Few { .. }), all.len() <= IN_PLACE);
        }
    }
}
