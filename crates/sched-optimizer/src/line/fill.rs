//! The numbers in the planes: each plane is the least of those before it, shifted and raised by what
//! the edges between them lose.

use pulp::NullaryFnOnce;

use super::planes::{FULL, LANES};

/// An edge that takes part: where its numbers come from, and its loss.
#[derive(Clone, Copy)]
pub(super) struct Active {
    pub(super) source: usize,
    pub(super) loss: i16,
}

/// A plane to fill, from the next so many active edges.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) plane: usize,
    pub(super) edges: usize,
}

/// Fills the planes of all layers from those before them. A type of its own, because only what is
/// inlined into a dispatched call is compiled for the vectors of the processor.
pub(super) struct Fill<'s> {
    pub(super) targets: &'s [Target],
    pub(super) active: &'s [Active],
    pub(super) mask: &'s [i16],
    pub(super) planes: &'s mut [i16],
    pub(super) size: usize,
    pub(super) margin: usize,
}

impl NullaryFnOnce for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut active = self.active;
        let (mask, _) = self.mask.as_chunks::<LANES>();
        let mut end = 0;
        for target in self.targets {
            let Some((own, rest)) = active.split_at_checked(target.edges) else { return };
            active = rest;
            let (sources, rest) = self.planes.split_at_mut(target.plane - self.margin);
            let (before, rest) = rest.split_at_mut(self.margin);
            let (plane, after) = rest.split_at_mut(self.size);
            // Most planes begin where the margin behind the last one ends.
            if end + self.margin != target.plane {
                before.fill(FULL);
            }
            after[..self.margin].fill(FULL);
            end = target.plane + self.size;
            let (mut target, _) = plane.as_chunks_mut::<LANES>();
            let mut at = 0;
            while !target.is_empty() {
                let now;
                let blocks = target.len().min(4);
                (now, target) = target.split_at_mut(blocks);
                match blocks {
                    4 => relax::<4>(sources, own, at, mask, now),
                    3 => relax::<3>(sources, own, at, mask, now),
                    2 => relax::<2>(sources, own, at, mask, now),
                    _ => relax::<1>(sources, own, at, mask, now),
                }
                at += blocks;
            }
        }
    }
}

/// The minimum over the active edges, in blocks from number `at` on, into `target`.
#[inline(always)]
fn relax<const BLOCKS: usize>(
    sources: &[i16],
    active: &[Active],
    at: usize,
    mask: &[[i16; LANES]],
    target: &mut [[i16; LANES]],
) {
    let mut least = [[FULL; LANES]; BLOCKS];
    for edge in active {
        let source = sources.get(edge.source + at * LANES..).map(<[i16]>::as_chunks::<LANES>);
        let Some(source) = source.and_then(|(blocks, _)| blocks.first_chunk::<BLOCKS>()) else {
            continue;
        };
        let loss = edge.loss;
        for (least, source) in least.iter_mut().zip(source) {
            *least = std::array::from_fn(|i| least[i].min(source[i].saturating_add(loss)));
        }
    }
    if let Some(mask) = mask.get(at..).and_then(<[_]>::first_chunk::<BLOCKS>) {
        for (least, mask) in least.iter_mut().zip(mask) {
            *least = std::array::from_fn(|i| least[i].max(mask[i]));
        }
    }
    target.copy_from_slice(&least);
}
