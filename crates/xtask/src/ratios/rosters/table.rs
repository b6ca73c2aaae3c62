//! The table of all instances, in Markdown.

use std::{env::consts::ARCH, fmt::Write, num::NonZero, thread};

use crate::{
    goals::RosterGoal,
    ratios::rosters::{
        AREA, PEER_SEED, SEEDS,
        compared::Compared,
        options::Limits,
        solve::{Solved, Task},
    },
};

/// How it was measured, then a row for each instance.
pub(super) fn table(rows: &[Compared], limits: Limits, ortools: &str) -> String {
    let mut text = method(limits, ortools);
    text.push_str(&header(limits));
    rows.iter().for_each(|compared| text.push_str(&row(compared)));
    text
}

fn method(Limits { seconds, longer }: Limits, ortools: &str) -> String {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let task = |seed| Task { instance: 0, seconds, seed };
    let (ours, peers) = (task(SEEDS[0]).ours().join(" "), task(PEER_SEED).peers().join(" "));
    let mut text = format!(
        "Measured by `cargo xtask ratios {AREA} --full` on {cores} cores ({ARCH}).\n\n\
         * ours: `shift_scheduling INSTANCE {ours}`, the median of the seeds {SEEDS:?} and their range"
    );
    if let Some(longer) = longer {
        _ = write!(text, "; and a run of {longer} s, to which bound, gap and aim belong");
    }
    _ = write!(
        text,
        "\n* peer: `cpsat_roster.py INSTANCE {peers}`, CP-SAT of OR-Tools {ortools}\n\n"
    );
    text
}

fn header(Limits { seconds, longer }: Limits) -> String {
    let longer = longer.map(|longer| format!("ours, {longer} s"));
    let columns = [
        Some("instance".to_owned()),
        Some(format!("ours, {seconds} s (range)")),
        longer,
        Some("bound | gap".to_owned()),
        Some(format!("peer, {seconds} s")),
        Some("ratio | | published | aim | | checked".to_owned()),
    ];
    let titles = line(&columns.into_iter().flatten().collect::<Vec<_>>());
    let rules = "|---".repeat(titles.matches('|').count() - 1);
    format!("{titles}{rules}|\n")
}

fn row(compared: &Compared) -> String {
    let RosterGoal { instance, published, .. } = compared.goal;
    let mut cells = vec![instance.to_string(), ours(compared)];
    cells.extend(compared.longer.as_ref().map(objective));
    let (judged, runs) = compared.judged();
    cells.extend([
        format!("{:.0}", compared.longest().bound),
        or_none(compared.gap().map(|gap| format!("{:.2} %", gap * 100.0))),
        objective(&compared.peer),
        or_none(compared.ratio().map(|ratio| format!("{ratio:.4}"))),
        verdict(compared.is_met()).to_owned(),
        or_none(published.map(|published| published.to_string())),
        or_none(aim(&compared.goal)),
        compared.reaches_aim().map_or("", verdict).to_owned(),
        format!("{judged} of {runs}"),
    ]);
    line(&cells)
}

fn ours(compared: &Compared) -> String {
    let median = objective(compared.median());
    let range = compared.range().map(|(low, high)| format!(" ({low:.0}-{high:.0})"));
    median + &range.unwrap_or_default()
}

fn objective(run: &Solved) -> String {
    or_none(run.objective.map(|objective| format!("{objective:.0}")))
}

fn aim(goal: &RosterGoal) -> Option<String> {
    let objective = goal.aim.map(|aim| aim.to_string());
    let gap = goal.gap.map(|gap| format!("{:.0} %", gap * 100.0));
    objective.into_iter().chain(gap).reduce(|one, other| format!("{one}, {other}"))
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "not met" }
}

fn or_none(cell: Option<String>) -> String {
    cell.unwrap_or_else(|| "-".to_owned())
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratios::rosters::compared::tests::{GOAL, solved};

    const BOTH: Limits = Limits { seconds: 30, longer: Some(60) };

    fn rows() -> Vec<Compared> {
        let runs = [1312.0, 1309.0, 1310.0].map(|objective| solved(objective, 1290.0)).to_vec();
        let longer = Some(solved(1305.0, 1295.0));
        let full = Compared::new(GOAL, runs, longer, solved(1320.0, 1280.0)).unwrap();
        let bare = RosterGoal { instance: 22, published: None, aim: None, gap: None, ..GOAL };
        let empty = vec![solved(None, 9.0); 3];
        let none = Compared::new(bare, empty, Some(solved(None, 9.0)), solved(None, 0.0)).unwrap();
        vec![full, none]
    }

    #[test]
    fn a_row_tells_values_ratio_and_both_verdicts() {
        let rows = rows();
        let expected = "| 8 | 1310 (1309-1312) | 1305 | 1295 | 0.77 % | 1320 | 0.9924 | met | 1308 | 1306, 1 % | met | 5 of 5 |\n";
        assert_eq!(row(&rows[0]), expected);
        assert_eq!(row(&rows[1]), "| 22 | - | - | 9 | - | - | - | not met | - | - |  | 0 of 5 |\n");
    }

    #[test]
    fn every_line_of_the_table_has_as_many_cells() {
        let table = table(&rows(), BOTH, "9.0");
        let lines = table.lines().filter(|line| line.starts_with('|'));
        let cells: Vec<_> = lines.map(|line| line.matches('|').count()).collect();
        assert_eq!(cells, [13; 4]);
    }

    #[test]
    fn the_commands_are_told_with_their_time_and_seed() {
        let table = table(&[], BOTH, "9.0");
        assert!(
            table.contains("`shift_scheduling INSTANCE --seconds 30 --threads 2 --seed 0`"),
            "{table}"
        );
        assert!(
            table.contains("--workers 2 --subsolvers max_lp --seed 1`, CP-SAT of OR-Tools 9.0"),
            "{table}"
        );
    }
}
