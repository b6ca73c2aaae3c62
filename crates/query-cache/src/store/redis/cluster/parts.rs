//! The parts that names are in, and the slots that these are in.

/// Names are in so many slots, evenly spaced: names of one slot are asked for by one command and
/// share an epoch, and each node has its share of slots. All programs on the same data have to agree
/// on this.
pub(in crate::store::redis) const PARTS: usize = 256;

const SLOTS: u16 = 16_384;

/// How many slots there are to one part.
const SPACE: u16 = SLOTS / 256;

/// The slot of each part, and what has to stand between braces for a key to be in it.
#[derive(Debug)]
pub(in crate::store::redis) struct Parts(Vec<(u16, String)>);

impl Parts {
    /// Takes for each part the smallest number whose slot is among those that fall to it.
    pub(super) fn new() -> Self {
        let mut parts: Vec<Option<(u16, String)>> = vec![None; PARTS];
        let mut missing = PARTS;
        for number in 0u32.. {
            if missing == 0 {
                break;
            }
            let tag = number.to_string();
            let slot = slot(tag.as_bytes());
            let place = &mut parts[usize::from(slot / SPACE)];
            if place.is_none() {
                *place = Some((slot, tag));
                missing -= 1;
            }
        }
        Self(parts.into_iter().flatten().collect())
    }

    pub(super) fn slot(&self, part: usize) -> u16 {
        self.0[part].0
    }

    pub(super) fn tag(&self, part: usize) -> &str {
        &self.0[part].1
    }
}

/// The slot of a hash tag: CRC-16 (XMODEM), modulo the number of slots.
fn slot(tag: &[u8]) -> u16 {
    let crc = tag.iter().fold(0u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    });
    crc % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(slot(b"123456789"), 0x31c3 % SLOTS);
        assert_eq!(slot(b"foo"), 12_182);
        assert_eq!(slot(b""), 0);
    }

    #[test]
    fn parts_are_evenly_spaced_and_stay_where_they_are() {
        let parts = Parts::new();
        for part in 0..PARTS {
            assert_eq!(usize::from(parts.slot(part) / SPACE), part);
            assert_eq!(slot(parts.tag(part).as_bytes()), parts.slot(part));
        }
        let of = |part| (parts.tag(part), parts.slot(part));
        assert_eq!([of(0), of(255)], [("460", 5), ("430", 16368)]);
    }
}
