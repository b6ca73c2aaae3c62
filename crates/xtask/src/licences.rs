//! Licences and sources of all dependencies, as far as they can be judged without a network.

mod expression;

use std::{fs, process::ExitCode};

use anyhow::Context;
use serde::Deserialize;

use crate::cargo::{self, Metadata, Package};

/// The part of cargo-deny's configuration that is read here too, so that there is one list.
#[derive(Deserialize)]
struct Deny {
    licenses: Licences,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

/// A licence allowed to one package alone.
#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

impl Licences {
    fn allowed_to(&self, package: &str) -> Vec<&str> {
        let own = self.exceptions.iter().filter(|exception| exception.name == package);
        let licences = self.allow.iter().chain(own.flat_map(|exception| &exception.allow));
        licences.map(String::as_str).collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let path = cargo::root().join(".cargo/deny.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path:?}"))?;
    let deny: Deny = toml::from_str(&text).with_context(|| format!("cannot read {path:?}"))?;
    let metadata = Metadata::of_dependencies()?;
    let foreign = || metadata.packages.iter().filter(|package| !metadata.is_member(package));
    let faults: Vec<_> = foreign().filter_map(|package| fault(package, &deny)).collect();
    for fault in &faults {
        println!("{fault}");
    }
    println!("{} dependencies checked, {} refused", foreign().count(), faults.len());
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Why a package may not be used.
fn fault(package: &Package, deny: &Deny) -> Option<String> {
    let Package { name, version, .. } = package;
    let source = package.source.as_deref().unwrap_or("a path outside the workspace");
    let from = source.strip_prefix("registry+").unwrap_or(source);
    if !deny.sources.allow_registry.iter().any(|allowed| allowed == from) {
        return Some(format!("{name} {version} comes from {source}"));
    }
    let Some(licence) = &package.license else {
        return Some(format!("{name} {version} states no licence"));
    };
    match expression::allows(licence, &deny.licenses.allowed_to(name)) {
        Some(true) => None,
        Some(false) => Some(format!("{name} {version} is under {licence}")),
        None => Some(format!("{name} {version} has a licence that cannot be read: {licence}")),
    }
}
