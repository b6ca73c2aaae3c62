//! Names of things in a [`Problem`](crate::Problem): small copyable indices.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The id at `index`, counted from zero in the order of declaration.
            ///
            /// An id that a problem does not have is reported by
            /// [`ProblemBuilder::build`](crate::ProblemBuilder::build).
            #[must_use]
            pub fn new(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }

            /// Position in the order of declaration, from zero.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(
    /// One person whose line is planned.
    WorkerId
);
id!(
    /// One cell of every line: a half-day, a night, a day.
    PeriodId
);
id!(
    /// Something a worker may do in a period, rest included.
    ActivityId
);
