//! A Python that can import the peer.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;

use crate::cargo;

const ORTOOLS: &str = "9.15.6755";

/// A Python with OR-Tools.
#[derive(Debug)]
pub(super) struct Python {
    pub(super) program: PathBuf,
    /// The version of OR-Tools.
    pub(super) ortools: String,
}

impl Python {
    /// The one on the path, else one of our own in `folder`, made when it is not there.
    pub(super) fn obtain(folder: &Path) -> anyhow::Result<Self> {
        let own = folder.join("bin/python");
        if let Some(found) = Self::find("python3".into()).or_else(|| Self::find(own.clone())) {
            return Ok(found);
        }
        println!(
            "no python3 here imports ortools: version {ORTOOLS} comes to {}",
            folder.display()
        );
        cargo::run(Command::new("python3").args(["-m", "venv"]).arg(folder)).context(
            "install python3 and its module venv, or put a python3 that imports ortools on the path",
        )?;
        let package = format!("ortools=={ORTOOLS}");
        cargo::run(Command::new(&own).args(["-m", "pip", "install", "--quiet", &package]))
            .context(
                "pip needs its package index; else put a python3 that imports ortools on the path",
            )?;
        Self::find(own).context("ortools is installed and cannot be imported")
    }

    fn find(program: PathBuf) -> Option<Self> {
        let version = "import ortools; print(ortools.__version__)";
        let output = Command::new(&program).args(["-c", version]).output().ok()?;
        let ortools = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        output.status.success().then_some(Self { program, ortools })
    }
}
