//! Minutes. All times count from the problem's origin (local midnight of day 0) as minutes that
//! really elapse, so a night on which the clock changes has 23 or 25 hours. Negative times lie
//! before the horizon.

/// Half-open stretch of time `start..end` in minutes since the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First minute.
    pub start: i32,
    /// First minute after.
    pub end: i32,
}

impl Span {
    /// The span `start..end`.
    #[must_use]
    pub const fn new(start: i32, end: i32) -> Self {
        Self { start, end }
    }

    /// Minutes covered; zero when `end` does not lie after `start`.
    #[must_use]
    pub const fn minutes(self) -> i32 {
        if self.end > self.start { self.end.saturating_sub(self.start) } else { 0 }
    }

    /// Whether no minute is covered.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// The part that lies inside `other`, empty when they do not meet.
    #[must_use]
    pub fn clip(self, other: Self) -> Self {
        Self { start: self.start.max(other.start), end: self.end.min(other.end) }
    }

    /// Whether `minute` lies in the span.
    #[must_use]
    pub const fn contains(self, minute: i32) -> bool {
        self.start <= minute && minute < self.end
    }
}

/// The times an activity is worked at in one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shift {
    /// From arrival to departure. Starts inside its period; may end after it.
    pub span: Span,
    /// The last minutes of `span` that only hand work over and are not clinical.
    pub handover: i32,
}

impl Shift {
    /// A shift without a handover.
    #[must_use]
    pub const fn new(start: i32, end: i32) -> Self {
        Self { span: Span::new(start, end), handover: 0 }
    }

    /// Sets the trailing handover in minutes.
    #[must_use]
    pub const fn handover(mut self, minutes: i32) -> Self {
        self.handover = minutes;
        self
    }
}

/// Where fixed work happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DutyKind {
    /// On site: counts for rest, stretches and hours.
    InHouse,
    /// Outside work or work from home: counts for hours and breaks free time, but asks for no rest.
    Elsewhere,
}

/// Work that is already settled and lies outside of the cells: what was worked before the horizon,
/// or outside jobs during it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Duty {
    /// When.
    pub span: Span,
    /// The last minutes that only hand work over.
    pub handover: i32,
    /// Where.
    pub kind: DutyKind,
}

impl Duty {
    /// Work on site without a handover.
    #[must_use]
    pub const fn in_house(start: i32, end: i32) -> Self {
        Self { span: Span::new(start, end), handover: 0, kind: DutyKind::InHouse }
    }

    /// Work elsewhere.
    #[must_use]
    pub const fn elsewhere(start: i32, end: i32) -> Self {
        Self { span: Span::new(start, end), handover: 0, kind: DutyKind::Elsewhere }
    }

    /// Sets the trailing handover in minutes.
    #[must_use]
    pub const fn handover(mut self, minutes: i32) -> Self {
        self.handover = minutes;
        self
    }
}

/// `510` as `8 h 30 min`: for messages.
pub(crate) fn hours(minutes: i64) -> String {
    match (minutes / 60, minutes % 60) {
        (h, 0) => format!("{h} h"),
        (0, m) => format!("{m} min"),
        (h, m) => format!("{h} h {m} min"),
    }
}
