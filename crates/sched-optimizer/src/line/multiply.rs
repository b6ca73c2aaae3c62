//! Which automata of a worker are multiplied out, and in which order.

use super::alike::Alike;
use super::explore::Offer;
use super::graph::Graph;
use crate::ids::PeriodId;
use crate::rule::Automaton;
use crate::tally::Tally;

/// States an automaton may have in a layer to be multiplied out at all.
const MAX_STATES: usize = 96;
/// States looked at to tell whether an automaton's states can mostly be compared.
const SAMPLE: usize = 48;

/// Automata in a graph, as far as there is room.
pub(super) struct Multiplied {
    /// Its edges are for classes of choices.
    pub(super) graph: Graph,
    pub(super) alike: Alike,
    /// Automata that are not multiplied out; the tallies last.
    pub(super) labelled: Vec<Box<dyn Automaton>>,
    /// Positions in `labelled` of the tallies whose modes are multiplied out, in the order of their
    /// amounts on the edges.
    pub(super) tallies: Vec<usize>,
}

/// Multiplies automata while the graph stays within `most` nodes a layer, the incomparable ones
/// first: as labels they would never dominate each other. Then the modes of tallies.
pub(super) fn all(offer: Offer<'_>, automata: Vec<Box<dyn Automaton>>, most: usize) -> Multiplied {
    let (tallies, automata): (Vec<_>, Vec<_>) =
        automata.into_iter().partition(|automaton| automaton.as_tally().is_some());
    let (mut narrow, mut labelled) = (Vec::new(), Vec::new());
    for automaton in automata {
        match offer.automaton(&*automaton, MAX_STATES) {
            Some((graph, states)) => {
                let comparable = comparable(&states, &*automaton);
                narrow.push((comparable, graph.width(), graph, automaton));
            }
            None => labelled.push(automaton),
        }
    }
    narrow.sort_by_key(|(comparable, width, ..)| (*comparable, *width));
    let sums = tallies.iter().enumerate();
    let sums: Vec<(usize, &dyn Tally)> =
        sums.filter_map(|(at, tally)| Some((at, tally.as_tally()?))).collect();
    let mut modes = Vec::new();
    if !sums.is_empty() {
        explore_modes(offer, &sums, most, &mut modes);
    }
    let graphs = narrow.iter().map(|(_, _, graph, _)| graph);
    let graphs: Vec<&Graph> = graphs.chain(modes.iter().map(|modes| &modes.graph)).collect();
    let alike = Alike::new(offer, &graphs);
    let (mut graph, mut wide) = (None, Vec::new());
    for (_, _, mut own, automaton) in narrow {
        alike.fold(&mut own);
        let product = match &graph {
            Some(graph) => Graph::times(graph, &own, most),
            None => Some(own).filter(|own| own.width() <= most),
        };
        match product {
            Some(product) => graph = Some(product),
            None => wide.push(automaton),
        }
    }
    let mut graph = graph.unwrap_or_else(|| alike.all_lines());
    wide.append(&mut labelled);
    let mut multiplied = Vec::new();
    modes.reverse();
    while let Some(mut own) = modes.pop() {
        alike.fold(&mut own.graph);
        if let Some(product) = graph.times(&own.graph, most) {
            graph = product;
            multiplied.extend(own.tallies.iter().map(|(at, _)| wide.len() + at));
        } else if own.tallies.len() > 1 {
            let mut parts = Vec::new();
            explore_halves(offer, own.tallies, most, &mut parts);
            modes.extend(parts.into_iter().rev());
        }
    }
    wide.extend(tallies);
    Multiplied { graph, alike, labelled: wide, tallies: multiplied }
}

/// Some tallies with their numbers, and the graph of their modes.
struct Modes<'t> {
    tallies: &'t [(usize, &'t dyn Tally)],
    graph: Graph,
}

/// Adds the modes of tallies to `found`: of all of them side by side or, where these are more than
/// `most`, half by half.
///
/// Choices may differ under a half that are alike under all of them, but only on lines that one of the
/// tallies refuses: such lines are illegal, with either choice.
fn explore_modes<'t>(
    offer: Offer<'_>,
    tallies: &'t [(usize, &'t dyn Tally)],
    most: usize,
    found: &mut Vec<Modes<'t>>,
) {
    let sums: Vec<&dyn Tally> = tallies.iter().map(|(_, tally)| *tally).collect();
    match offer.tallies(&sums, most) {
        Some(graph) => found.push(Modes { tallies, graph }),
        None => explore_halves(offer, tallies, most, found),
    }
}

fn explore_halves<'t>(
    offer: Offer<'_>,
    tallies: &'t [(usize, &'t dyn Tally)],
    most: usize,
    found: &mut Vec<Modes<'t>>,
) {
    if tallies.len() > 1 {
        let (front, back) = tallies.split_at(tallies.len() / 2);
        explore_modes(offer, front, most, found);
        explore_modes(offer, back, most, found);
    }
}

/// Whether most pairs of the states in the middle of the horizon can be compared.
fn comparable(layers: &[Vec<u64>], automaton: &dyn Automaton) -> bool {
    let middle = layers.len() / 2;
    let Some(states) = layers.get(middle) else { return false };
    let period = PeriodId::new(middle.saturating_sub(1));
    let mut states = states.clone();
    states.sort_unstable();
    states.truncate(SAMPLE);
    let (mut pairs, mut compared) = (0, 0);
    for (at, &a) in states.iter().enumerate() {
        for &b in &states[..at] {
            pairs += 1;
            let ordered = automaton.dominates(period, a, b) || automaton.dominates(period, b, a);
            compared += usize::from(ordered);
        }
    }
    pairs > 1 && compared * 10 >= pairs * 9
}
