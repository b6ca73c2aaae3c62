//! Both sides of a comparison, checked to answer alike before they are timed.
//!
//! Ids of benches are `operation/side`; `goals.toml` says which ratio of two sides is wanted, and
//! `cargo xtask ratios` measures it.

use std::fmt::Debug;

use criterion::{BatchSize, Criterion};

/// Times two sides of `operation`: each a name and the work, which tells what came of it.
///
/// Each side should do enough in one call that entering an asynchronous runtime weighs nothing.
///
/// # Panics
///
/// When the sides answer differently: then their times mean nothing.
pub fn pair<Answer: PartialEq + Debug>(
    criterion: &mut Criterion,
    operation: &str,
    (our_name, mut ours): (&str, impl FnMut() -> Answer),
    (peer_name, mut peer): (&str, impl FnMut() -> Answer),
) {
    assert_eq!(ours(), peer(), "{operation}: the two sides disagree");
    let mut group = criterion.benchmark_group(operation);
    group.bench_function(our_name, |bencher| bencher.iter(&mut ours));
    group.bench_function(peer_name, |bencher| bencher.iter(&mut peer));
    group.finish();
}

/// As [`pair`], with a new input for each call, whose making and dropping are not timed.
///
/// # Panics
///
/// When the sides answer differently: then their times mean nothing.
pub fn pair_on<Input, Answer: PartialEq + Debug>(
    criterion: &mut Criterion,
    operation: &str,
    input: impl Fn() -> Input,
    (our_name, mut ours): (&str, impl FnMut(&mut Input) -> Answer),
    (peer_name, mut peer): (&str, impl FnMut(&mut Input) -> Answer),
) {
    let answers = (ours(&mut input()), peer(&mut input()));
    assert_eq!(answers.0, answers.1, "{operation}: the two sides disagree");
    let mut group = criterion.benchmark_group(operation);
    group.bench_function(our_name, |bencher| {
        bencher.iter_batched_ref(&input, &mut ours, BatchSize::PerIteration);
    });
    group.bench_function(peer_name, |bencher| {
        bencher.iter_batched_ref(&input, &mut peer, BatchSize::PerIteration);
    });
    group.finish();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "sum: the two sides disagree")]
    fn sides_that_answer_differently_are_not_timed() {
        let mut criterion = Criterion::default();
        pair(&mut criterion, "sum", ("ours", || 2 + 2), ("peer", || 5));
    }

    #[test]
    #[should_panic(expected = "length: the two sides disagree")]
    fn sides_that_answer_differently_about_an_input_are_not_timed() {
        let mut criterion = Criterion::default();
        let ours = |text: &mut String| text.len();
        pair_on(&mut criterion, "length", String::new, ("ours", ours), ("peer", |_| 1));
    }
}
