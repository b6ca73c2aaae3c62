//! Lines that good rosters were made of.

/// Lines kept for each worker.
const ROOM: usize = 64;

/// The lines of one worker, the oldest replaced first.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(super) lines: Vec<Vec<u32>>,
    /// What each costs without the cover, and its part for rules, in parts of [`UNIT`](crate::line::UNIT).
    pub(super) own: Vec<i64>,
    pub(super) rules: Vec<i64>,
    next: usize,
}

impl Columns {
    /// Keeps a line if it is new; returns its number.
    pub(crate) fn keep(&mut self, line: &[u32], own: i64, rules: i64) -> usize {
        if let Some(at) = self.lines.iter().position(|known| known == line) {
            return at;
        }
        if self.lines.len() < ROOM {
            self.lines.push(line.to_vec());
            self.own.push(own);
            self.rules.push(rules);
            return self.lines.len() - 1;
        }
        let at = self.next;
        self.next = (at + 1) % ROOM;
        self.lines[at].clear();
        self.lines[at].extend_from_slice(line);
        (self.own[at], self.rules[at]) = (own, rules);
        at
    }
}
