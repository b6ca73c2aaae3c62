//! Which statements of a run took the time.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::statement::normalize;

/// Remembers the statements that took the most time, in bounded memory.
///
/// Statements that differ only in their values count as one. When the log is full, a new statement
/// takes the place of the one with the least time and inherits that time as a doubt
/// ([`SlowStatement::unseen`]): the "space saving" algorithm of Metwally, Agrawal and El Abbadi
/// (2005), by time instead of counts. So a statement whose real total exceeds the time of all
/// statements divided by the capacity is always in the log. One more place is for the statement
/// with the longest single run, should it have to make room.
///
/// ```
/// use explain_analyzer::SlowLog;
/// use std::time::Duration;
///
/// let log = SlowLog::default();
/// log.record("SELECT * FROM shift WHERE id = 7", Duration::from_millis(2), 1);
/// log.record("SELECT * FROM shift WHERE id = 8", Duration::from_millis(3), 1);
/// let slowest = &log.by_total(1)[0];
/// assert_eq!(slowest.normalized, "SELECT * FROM shift WHERE id = ?");
/// assert_eq!((slowest.calls, slowest.total), (2, Duration::from_millis(5)));
/// ```
///
/// A call normalizes the text and takes one lock; while the log is full, a new statement costs a
/// pass over it.
#[derive(Debug)]
pub struct SlowLog {
    capacity: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<String, Entry>,
    /// Of those that made room the one with the longest run, as it was then. Not among the entries.
    longest: Option<(String, Entry)>,
    stats: Stats,
}

#[derive(Debug, Default)]
struct Entry {
    example: String,
    cut: bool,
    calls: u64,
    rows: u64,
    total: Duration,
    longest: Duration,
    unseen: Duration,
}

/// A statement of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlowStatement {
    /// The statement with `?` for its values.
    pub normalized: String,
    /// The statement as it came when it took longest.
    pub example: String,
    /// Whether the texts are too long to be kept whole. What is left of the example cannot be
    /// explained.
    pub cut: bool,
    /// How often it was recorded.
    pub calls: u64,
    /// Rows, all calls together.
    pub rows: u64,
    /// Time, all calls together.
    pub total: Duration,
    /// Time of the longest call.
    pub longest: Duration,
    /// Time that calls before these may have taken at most, from when the log had no room for the
    /// statement.
    pub unseen: Duration,
}

/// Counters of a [`SlowLog`] since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Statements recorded.
    pub recorded: u64,
    /// Different statements in the log now.
    pub kept: usize,
    /// Statements that had to make room.
    pub displaced: u64,
    /// Time of all recorded statements.
    pub total: Duration,
}

impl Default for SlowLog {
    /// Room for 256 different statements.
    fn default() -> Self {
        Self::new(NonZeroUsize::MIN.saturating_add(255))
    }
}

impl SlowLog {
    /// A log with room for `capacity` different statements.
    #[must_use]
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self { capacity: capacity.get(), inner: Mutex::default() }
    }

    /// Records that `sql` ran for `elapsed` and read or wrote `rows` rows.
    pub fn record(&self, sql: &str, elapsed: Duration, rows: u64) {
        let mut normalized = normalize(sql);
        let cut = shorten(&mut normalized) | (sql.len() > MAX_TEXT);
        let mut inner = self.lock();
        inner.stats.recorded += 1;
        inner.stats.total = inner.stats.total.saturating_add(elapsed);
        let entry = inner.entry(normalized, self.capacity);
        if entry.example.is_empty() || elapsed > entry.longest {
            entry.longest = elapsed;
            sql.clone_into(&mut entry.example);
            shorten(&mut entry.example);
            entry.cut = cut;
        }
        entry.calls += 1;
        entry.rows = entry.rows.saturating_add(rows);
        entry.total = entry.total.saturating_add(elapsed);
    }

    /// At most `limit` statements, the one with the most time in all first.
    #[must_use]
    pub fn by_total(&self, limit: usize) -> Vec<SlowStatement> {
        self.sorted(limit, |statement| statement.total)
    }

    /// At most `limit` statements, the one with the longest single call first.
    #[must_use]
    pub fn by_longest(&self, limit: usize) -> Vec<SlowStatement> {
        self.sorted(limit, |statement| statement.longest)
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let inner = self.lock();
        Stats { kept: inner.all().count(), ..inner.stats }
    }

    fn sorted(&self, limit: usize, key: impl Fn(&SlowStatement) -> Duration) -> Vec<SlowStatement> {
        let mut all: Vec<SlowStatement> = self.lock().all().map(snapshot).collect();
        // Ties are put in the order of their texts: a map has none.
        all.sort_by(|a, b| key(b).cmp(&key(a)).then_with(|| a.normalized.cmp(&b.normalized)));
        all.truncate(limit);
        all
    }

    /// A thread that panicked here left counters that are still counters.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn all(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.entries.iter().chain(self.longest.as_ref().map(|(text, entry)| (text, entry)))
    }

    /// The place of a statement, made if it has none.
    fn entry(&mut self, normalized: String, capacity: usize) -> &mut Entry {
        if !self.entries.contains_key(&normalized) {
            let mut new = Entry::default();
            // Its sums start again, which the doubt makes up for; its longest run is still known.
            if let Some((_, old)) = self.longest.take_if(|(text, _)| *text == normalized) {
                new = Entry { example: old.example, cut: old.cut, longest: old.longest, ..new };
            }
            if self.entries.len() >= capacity {
                new.unseen = self.displace();
            }
            self.entries.insert(normalized.clone(), new);
        }
        self.entries.entry(normalized).or_default()
    }

    /// Removes the statement with the least time and says how much it, or those before it in its
    /// place, may have taken.
    fn displace(&mut self) -> Duration {
        let entries = self.entries.iter();
        let least = entries.min_by(|(a, x), (b, y)| (x.weight(), a).cmp(&(y.weight(), b)));
        let Some(text) = least.map(|(text, _)| text.clone()) else { return Duration::ZERO };
        let entry = self.entries.remove(&text).unwrap_or_default();
        self.stats.displaced += 1;
        let weight = entry.weight();
        if self.longest.as_ref().is_none_or(|(_, longest)| entry.longest > longest.longest) {
            self.longest = Some((text, entry));
        }
        weight
    }
}

impl Entry {
    fn weight(&self) -> Duration {
        self.total.saturating_add(self.unseen)
    }
}

/// Bytes kept of a text: more than people write, less than a statement with a thousand rows in it.
const MAX_TEXT: usize = 16 * 1024;

fn shorten(text: &mut String) -> bool {
    let cut = text.len() > MAX_TEXT;
    text.truncate(text.floor_char_boundary(MAX_TEXT));
    text.shrink_to_fit();
    cut
}

fn snapshot((normalized, entry): (&String, &Entry)) -> SlowStatement {
    SlowStatement {
        normalized: normalized.clone(),
        example: entry.example.clone(),
        cut: entry.cut,
        calls: entry.calls,
        rows: entry.rows,
        total: entry.total,
        longest: entry.longest,
        unseen: entry.unseen,
    }
}
