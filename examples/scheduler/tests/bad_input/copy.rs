//! A programme to spoil.

use scheduler::import::{Faults, Source, load};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub(crate) const FILES: [&str; 9] = [
    "settings.csv",
    "people.csv",
    "rotations.csv",
    "demand.csv",
    "absences.csv",
    "requests.csv",
    "holidays.csv",
    "history.csv",
    "outside.csv",
];

/// A copy of the bundled programme that a test may spoil.
pub(crate) struct Copy {
    folder: TempDir,
}

impl Copy {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        for file in FILES {
            fs::copy(data.join(file), folder.path().join(file)).unwrap();
        }
        Self { folder }
    }

    pub(crate) fn source(&self) -> Source {
        Source::Folder(self.folder.path().to_owned())
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(crate) fn text(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    pub(crate) fn write(&self, file: &str, bytes: impl AsRef<[u8]>) -> &Self {
        fs::write(self.path(file), bytes).unwrap();
        self
    }

    /// Replaces a line; the header is line 1, and the line after the last is added.
    pub(crate) fn line(&self, file: &str, line: usize, text: &str) -> &Self {
        let old = self.text(file);
        let mut lines: Vec<&str> = old.lines().collect();
        if line > lines.len() {
            lines.push(text);
        } else {
            lines[line - 1] = text;
        }
        self.write(file, lines.join("\n"))
    }

    /// Adds a line and tells its number.
    pub(crate) fn add(&self, file: &str, text: &str) -> usize {
        let line = self.text(file).lines().count() + 1;
        self.line(file, line, text);
        line
    }

    pub(crate) fn faults(&self) -> Faults {
        let loaded = load(&self.source());
        loaded.map(|_| ()).expect_err("the programme is spoilt")
    }

    #[track_caller]
    pub(crate) fn expect(&self, faults: &[&str]) {
        assert_eq!(self.faults().to_string(), faults.join("\n"));
    }

    #[track_caller]
    pub(crate) fn expect_good(&self) {
        let loaded = load(&self.source());
        loaded.unwrap_or_else(|faults| panic!("{faults}"));
    }
}
