//! What is wrong with a file, told so that it can be mended in a spreadsheet.

use std::borrow::Cow;
use std::fmt;

/// Most faults of one file that are kept; the others are only counted.
const KEPT: usize = 100;

/// After so many faults a file is garbage rather than a file with faults, and reading it stops.
const ENOUGH: usize = 1_000;

/// Most characters of a cell that are repeated in a message.
const SHOWN: usize = 60;

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Name of the file, or the path of the folder when that is at fault.
    pub file: Cow<'static, str>,
    /// Line, counted from 1, the header included. `None` when the whole file is meant.
    pub line: Option<u64>,
    /// Name of the column, or its number counted from 1 where it has no known name.
    pub column: Option<String>,
    /// What stood there: in quotes when it is the text of a cell.
    pub found: String,
    /// What should stand there.
    pub expected: String,
}

impl Fault {
    /// A fault of a whole file or folder.
    pub(crate) fn file(
        file: impl Into<Cow<'static, str>>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        let (found, expected) = (found.into(), expected.into());
        Self { file: file.into(), line: None, column: None, found, expected }
    }

    /// A fault of one line, or of one cell when [`at`](Self::at) follows.
    pub(crate) fn line(
        file: &'static str,
        line: u64,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self { line: Some(line), ..Self::file(file, found, expected) }
    }

    /// Names the column.
    pub(crate) fn at(self, column: impl Into<String>) -> Self {
        Self { column: Some(column.into()), ..self }
    }
}

/// Text of a cell as a message shows it: quoted, and cut when it is long.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ": column {column}")?;
        }
        write!(f, ": found {}, expected {}", self.found, self.expected)
    }
}

/// Everything that is wrong with a programme or a schedule, in the order of files and lines.
///
/// Displays one fault a line. Of one file the first 100 are kept and the others counted; a file with
/// 1,000 faults is not read further.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    list: Vec<Fault>,
    files: Vec<(Cow<'static, str>, usize)>,
}

impl Faults {
    /// The faults that were kept.
    #[must_use]
    pub fn list(&self) -> &[Fault] {
        &self.list
    }

    /// How many faults there are, those included that were not kept.
    #[must_use]
    pub fn total(&self) -> usize {
        self.files.iter().map(|(_, count)| count).sum()
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Adds one.
    pub(crate) fn push(&mut self, fault: Fault) {
        let at = self.files.iter().position(|(file, _)| *file == fault.file).unwrap_or_else(|| {
            self.files.push((fault.file.clone(), 0));
            self.files.len() - 1
        });
        self.files[at].1 += 1;
        if self.files[at].1 <= KEPT {
            self.list.push(fault);
        }
    }

    /// How many faults a file has.
    pub(crate) fn of(&self, file: &str) -> usize {
        self.files.iter().find(|(name, _)| name == file).map_or(0, |(_, count)| *count)
    }

    /// Whether a file has so many faults that reading on helps nobody.
    pub(crate) fn enough(&self, file: &str) -> bool {
        self.of(file) >= ENOUGH
    }

    /// The same faults told under another name of the one file that they are about.
    pub(crate) fn of_file(mut self, name: &str) -> Self {
        let name = Cow::Owned(name.to_owned());
        let files = self.files.iter_mut().map(|(file, _)| file);
        for file in files.chain(self.list.iter_mut().map(|fault| &mut fault.file)) {
            file.clone_from(&name);
        }
        self
    }

    /// Orders by file, as given, and by line.
    pub(crate) fn sort(&mut self, files: &[&str]) {
        let rank = |fault: &Fault| files.iter().position(|name| *name == fault.file);
        self.list.sort_by_key(|fault| (rank(fault), fault.line));
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.list.iter().enumerate() {
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        for (file, count) in self.files.iter().filter(|(_, count)| *count > KEPT) {
            let unread = if *count >= ENOUGH { "; reading stopped there" } else { "" };
            write!(f, "\n{file}: and {} more{unread}", count - KEPT)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
