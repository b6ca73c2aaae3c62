//! What values look like in Redis, and messages about them.

use std::time::Duration;

use crate::name::Name;

/// Ends a value that is kept where it was looked for.
const HERE: u8 = 0;

/// Says that the value is kept beside.
const ELSEWHERE: u8 = 1;

/// The end of the value's life, in microseconds of the server's clock, and one byte of kind. At
/// the end, so that neither side moves the value.
const TRAILER: usize = 9;

/// `bytes` as they are kept until `end`.
pub(super) fn value(bytes: &[u8], end: u64) -> Vec<u8> {
    let mut kept = Vec::with_capacity(bytes.len() + TRAILER);
    kept.extend_from_slice(bytes);
    kept.extend_from_slice(&end.to_be_bytes());
    kept.push(HERE);
    kept
}

/// What is under the name of a value that is kept beside.
pub(super) fn mark() -> Vec<u8> {
    vec![ELSEWHERE]
}

/// What is under the name of a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Its bytes, and how much remains of its life.
    Here(Vec<u8>, Duration),
    Elsewhere,
}

/// What there is at `now`; `None` for what is no value, or has ended.
pub(super) fn open(mut kept: Vec<u8>, now: u64) -> Option<Kept> {
    if kept == [ELSEWHERE] {
        return Some(Kept::Elsewhere);
    }
    let (rest, kind) = kept.split_last_chunk::<1>().map(|(rest, [kind])| (rest, *kind))?;
    let (rest, end) = rest.split_last_chunk::<8>()?;
    let remaining = u64::from_be_bytes(*end).checked_sub(now).filter(|left| *left > 0)?;
    let length = rest.len();
    kept.truncate(length);
    (kind == HERE).then_some(Kept::Here(kept, Duration::from_micros(remaining)))
}

/// Begins each message; another number is one of another version of this crate.
const FORMAT: u8 = 1;

/// What was done to names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Removed,
    Expired,
}

/// What those who listen are told.
pub(super) fn message(deed: Deed, names: &[Name]) -> Vec<u8> {
    let mut message = Vec::with_capacity(2 + 32 * names.len());
    message.extend([FORMAT, u8::from(deed == Deed::Expired)]);
    names.iter().for_each(|name| message.extend_from_slice(name.as_bytes()));
    message
}

/// What a message says, if it can be understood.
pub(super) fn read_message(message: &[u8]) -> Option<(Deed, Vec<Name>)> {
    let (deed, names) = match message {
        [FORMAT, 0, names @ ..] => (Deed::Removed, names),
        [FORMAT, 1, names @ ..] => (Deed::Expired, names),
        _ => return None,
    };
    let (names, rest) = names.as_chunks::<32>();
    rest.is_empty().then(|| (deed, names.iter().copied().map(Name::from_bytes).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_until_its_end() {
        for bytes in [&b""[..], b"a", &[0; 300]] {
            let kept = value(bytes, 1_000);
            let found = open(kept.clone(), 400);
            assert_eq!(found, Some(Kept::Here(bytes.to_vec(), Duration::from_micros(600))));
            assert_eq!(open(kept.clone(), 1_000), None);
            assert_eq!(open(kept, 2_000), None);
        }
        assert_eq!(open(mark(), 0), Some(Kept::Elsewhere));
        assert_eq!(open(vec![HERE; 8], 0), None, "too short");
        assert_eq!(open(vec![0xff; 20], 0), None, "of another kind");
    }

    #[test]
    fn a_message_is_understood_or_refused() {
        let names = [3, 4].map(|byte| Name::from_bytes([byte; 32]));
        for deed in [Deed::Removed, Deed::Expired] {
            for names in [&names[..], &names[..1], &[]] {
                let message = message(deed, names);
                assert_eq!(read_message(&message), Some((deed, names.to_vec())));
                assert_eq!(read_message(&message[1..]), None);
                assert_eq!(read_message(&[&message[..], &[0]].concat()), None, "half a name");
            }
        }
        assert_eq!(read_message(&[2, 0]), None, "another version");
        assert_eq!(read_message(&[]), None);
    }
}
