//! Where the instances and the tools are.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

const DATA: &str = "ROSTER_DATA";
const TOOLS: &str = "ROSTER_TOOLS";

/// The folders that the environment names. Neither belongs to this repository: the instances are
/// not ours, and judge and peer shall share nothing with what they judge.
#[derive(Debug)]
pub(super) struct Places {
    data: PathBuf,
    tools: PathBuf,
}

impl Places {
    pub(super) fn of_environment() -> anyhow::Result<Self> {
        Self::of(|name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
    }

    fn of(variable: impl Fn(&str) -> Option<PathBuf>) -> anyhow::Result<Self> {
        let data = variable(DATA).with_context(|| {
            format!("{DATA} is not set: name the folder that holds curtois-qu/Instance1.txt, …")
        })?;
        let tools = variable(TOOLS).with_context(|| {
            format!("{TOOLS} is not set: name the folder of check_roster.py and cpsat_roster.py")
        })?;
        Ok(Self { data, tools })
    }

    /// Fails unless every file is there that `instances` need.
    pub(super) fn check(&self, instances: impl Iterator<Item = u32>) -> anyhow::Result<()> {
        present(TOOLS, &self.judge())?;
        present(TOOLS, &self.peer())?;
        instances.map(|number| self.instance(number)).try_for_each(|path| present(DATA, &path))
    }

    pub(super) fn instance(&self, number: u32) -> PathBuf {
        self.data.join(format!("curtois-qu/Instance{number}.txt"))
    }

    pub(super) fn judge(&self) -> PathBuf {
        self.tools.join("check_roster.py")
    }

    pub(super) fn peer(&self) -> PathBuf {
        self.tools.join("cpsat_roster.py")
    }
}

fn present(variable: &str, path: &Path) -> anyhow::Result<()> {
    if !path.is_file() {
        bail!("{variable} names a folder without {}", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_not_set_and_a_file_that_is_missing_are_named() {
        let unset = Places::of(|_| None).unwrap_err().to_string();
        assert!(unset.starts_with("ROSTER_DATA is not set"), "{unset}");
        let half = Places::of(|name| (name == DATA).then(PathBuf::new)).unwrap_err().to_string();
        assert!(half.starts_with("ROSTER_TOOLS is not set"), "{half}");

        let folder = tempfile::tempdir().unwrap();
        let places = Places::of(|_| Some(folder.path().to_owned())).unwrap();
        std::fs::write(places.judge(), "").unwrap();
        std::fs::write(places.peer(), "").unwrap();
        assert!(places.check([].into_iter()).is_ok());
        let missing = places.check([8].into_iter()).unwrap_err().to_string();
        assert!(missing.contains("ROSTER_DATA") && missing.contains("Instance8.txt"), "{missing}");
    }
}
