//! What a backend takes in one statement (data).

/// The bounds of a backend. A statement within them is never refused for its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Parameters that one row costs for each of its columns: 1 where every value is bound, 0
    /// where a whole column travels as one array.
    pub parameters_per_value: usize,
    /// Parameters that one statement may bind.
    pub max_parameters: usize,
    /// Bytes that one row may have. What is larger is refused before it is sent.
    pub max_row_bytes: usize,
    /// Rows a statement carries when the caller does not say otherwise.
    pub default_rows: usize,
}

impl Limits {
    /// SQLite as it is bundled: `SQLITE_MAX_VARIABLE_NUMBER` is 32,766 and `SQLITE_MAX_LENGTH`
    /// 1,000,000,000 (<https://www.sqlite.org/limits.html>).
    pub const SQLITE: Self = Self {
        parameters_per_value: 1,
        max_parameters: 32_766,
        max_row_bytes: 1_000_000_000,
        default_rows: 1_000,
    };

    /// PostgreSQL: the Bind message counts parameters in 16 bits, and a field ends below 1 GiB.
    /// A row's values become part of arrays, so the bound is kept well below that.
    pub const POSTGRES: Self = Self {
        parameters_per_value: 0,
        max_parameters: 65_535,
        max_row_bytes: 512 * 1024 * 1024,
        default_rows: 10_000,
    };
}
