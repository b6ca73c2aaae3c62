//! Quotas as people write them.

use async_utils::{Quota, QuotaError};
use proptest::prelude::*;
use std::time::Duration;

#[test]
fn the_forms_people_write_are_understood() {
    let hour = Duration::from_secs(3600);
    for (text, count, period) in [
        ("5/hour", 5, hour),
        (" 5 / Hours ", 5, hour),
        ("5/1h", 5, hour),
        ("10/30s", 10, Duration::from_secs(30)),
        ("10/2 minutes", 10, Duration::from_secs(120)),
        ("1/day", 1, 24 * hour),
    ] {
        let quota = Quota::parse(text).unwrap();
        let [rate] = quota.rates() else { panic!("{text}") };
        assert_eq!((rate.count().get(), rate.period()), (count, period), "{text}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let syntax = |part: &str| QuotaError::Syntax { text: part.to_owned() };
    for (text, part) in [("", ""), ("5", "5"), ("5/fortnight", "5/fortnight"), ("1/s;x/h", "x/h")] {
        assert_eq!(Quota::parse(text), Err(syntax(part)));
    }
    assert!(matches!(Quota::parse("0/hour"), Err(QuotaError::Zero { .. })));
    for text in ["5/0s", "5/400 days", "4294967295/s;2000000000/1s;5/99999999999d"] {
        assert!(Quota::parse(text).is_err(), "{text}");
    }
}

proptest! {
    /// Whatever is given, it answers; and what it understood it writes so that it understands it again.
    #[test]
    fn parsing_never_panics_and_round_trips(text in "[0-9]{0,10}/?[0-9]{0,3} ?[smhdx]?(;[0-9]{1,3}/(hour|min|s))?") {
        if let Ok(quota) = Quota::parse(&text) {
            prop_assert_eq!(Quota::parse(&quota.to_string()), Ok(quota));
        }
    }
}
