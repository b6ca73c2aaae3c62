//! Makes an instance like a given one: next month of the same team.

use fastrand::Rng;

use super::instance::Instance;

/// Moves a fifth of the requests to other days, and changes a tenth of the cover and of the caps by
/// one. Shifts, minutes and days off stay.
///
/// No cap shrinks, so that a legal roster of the instance stays legal.
pub(crate) fn perturb(instance: &mut Instance, seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let days = instance.days;
    for request in &mut instance.requests {
        if rng.u32(0..5) == 0 {
            request.day = rng.usize(0..days);
            request.weight = rng.u32(1..4);
        }
    }
    for cover in &mut instance.cover {
        if rng.u32(0..10) == 0 {
            cover.wanted = (cover.wanted + 2 * rng.u32(0..2)).saturating_sub(1);
        }
    }
    for cap in instance.staff.iter_mut().flat_map(|employee| employee.caps.iter_mut().flatten()) {
        // Zero is a shift that somebody cannot work at all.
        if *cap > 0 && (*cap as usize) < days && rng.u32(0..10) == 0 {
            *cap += 1;
        }
    }
}
