//! Night float: nights in a row.

use jiff::civil::Date;
use sched_optimizer::rules::{Run, RunHistory};

use super::Rule;
use crate::audit::{Case, Findings};
use crate::domain::{DutyKind, NightKind, PersonIx};
use crate::model::Draft;

pub(super) const RULE: Rule = Rule {
    id: "night-float",
    citation: "ACGME Common Program Requirements VI.F.6",
    demands: "no more consecutive night shifts than the programme sets, nights before the block \
              included",
    constrain,
    audit,
};

fn constrain(draft: &mut Draft<'_>) {
    let block = &draft.programme.block;
    let run = Run {
        what: "night shifts in a row".to_owned(),
        activities: draft.nights(NightKind::Shift),
        offset: 2,
        stride: 3,
        min: 0,
        max: block.max_consecutive_nights,
        history: RunHistory::Known(0),
    };
    for person in draft.residents() {
        let history = RunHistory::Known(nights_before(draft, person));
        draft.rule(person, Run { history, ..run.clone() });
    }
}

/// Night shifts on the dates just before the block, without a gap.
fn nights_before(draft: &Draft<'_>, person: PersonIx) -> u32 {
    let history = &draft.programme.history;
    let night = |date: Date| {
        let mut records = history.iter().filter(|r| r.person == person);
        records.any(|r| r.kind == DutyKind::Night && r.start.date() == date)
    };
    let dates = (1..).map(|back| crate::audit::minus(draft.programme.block.first, back));
    u32::try_from(dates.take_while(|date| night(*date)).count()).unwrap_or(u32::MAX)
}

fn audit(case: &Case<'_>, findings: &mut Findings<'_>) {
    let block = &case.programme.block;
    let most = usize::try_from(block.max_consecutive_nights).unwrap_or(usize::MAX);
    for person in case.residents() {
        for (first, last, length) in runs(case, person) {
            findings.looked();
            if length > most && last >= block.first {
                let text = format!("{length} night shifts in a row from {first}, at most {most}");
                findings.person(person, first.max(block.first), None, text);
            }
        }
    }
}

/// Maximal runs of night shifts on consecutive dates: first, last, length.
fn runs(case: &Case<'_>, person: PersonIx) -> Vec<(Date, Date, usize)> {
    let mut runs: Vec<(Date, Date, usize)> = Vec::new();
    for night in case.timeline(person).iter().filter(|d| d.kind == DutyKind::Night) {
        match runs.last_mut() {
            // Two records of one night are one night.
            Some((_, last, _)) if *last == night.date => {}
            Some((_, last, length)) if last.tomorrow().is_ok_and(|t| t == night.date) => {
                (*last, *length) = (night.date, *length + 1);
            }
            _ => runs.push((night.date, night.date, 1)),
        }
    }
    runs
}
