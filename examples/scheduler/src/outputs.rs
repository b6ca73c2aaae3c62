//! The files of a schedule, each written by a background job.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use async_utils::{Job, Priority};

use crate::audit::{Audit, Violation};
use crate::bad_input::BadInput;
use crate::cli::Options;
use crate::domain::{Programme, Slot};
use crate::page::Mark;
use crate::parts::Parts;
use crate::report::Verdict;
use crate::{export, page};

/// Renders one file's bytes.
type Render = fn(&Programme, &Verdict) -> Result<Vec<u8>>;

const PUBLISHED: [(&str, Render); 4] =
    [("schedule.csv", csv), ("schedule.ics", ics), ("schedule.html", html), ("audit.json", json)];

/// What is not published must not be taken for it: other names, and nothing for a calendar.
const REFUSED: [(&str, Render); 2] = [("refused.html", html), ("refused.audit.json", json)];

/// Makes the output folder and tries it: whoever cannot keep a result need not look for one.
///
/// # Errors
/// [`BadInput`] when no file can be written there.
pub fn prepare(options: &Options) -> Result<(), BadInput> {
    let folder = &options.out;
    let tried = draft(folder, "probe").and_then(|(_, probe)| fs::remove_file(probe));
    tried.map_err(|error| {
        let folder = folder.display();
        BadInput(format!(
            "--out {folder}: {error}; name a folder that is there or can be made, and written to"
        ))
    })
}

/// Writes the files of a schedule into the output folder, which is made if it is gone; their paths.
///
/// # Errors
/// Names the file that cannot be written. Each file is whole or untouched.
pub async fn write(
    parts: &Parts,
    options: &Options,
    programme: &Arc<Programme>,
    verdict: &Verdict,
) -> Result<Vec<PathBuf>> {
    let files: &[(&'static str, Render)] =
        if verdict.audit.is_clean() { &PUBLISHED } else { &REFUSED };
    let mut jobs = Vec::new();
    for &(name, render) in files {
        parts.exports.until_ready().await?;
        let path = options.out.join(name);
        let (programme, verdict, target) = (Arc::clone(programme), verdict.clone(), path.clone());
        let work = async move {
            // Rendering holds its thread for milliseconds: too long for an async worker.
            tokio::task::spawn_blocking(move || replace(&target, &render(&programme, &verdict)?))
                .await?
        };
        let job = Job::fallible(work).priority(Priority::High).name(name);
        jobs.push((path, parts.jobs.submit(job).await?));
    }
    let mut written = Vec::new();
    for (path, job) in jobs {
        job.await.with_context(|| format!("{} could not be written", path.display()))?;
        written.push(path);
    }
    Ok(written)
}

/// Writes the audit of the schedule in `file`, beside that of the published one; its path.
///
/// # Errors
/// The file cannot be written.
pub fn write_audit(options: &Options, file: &Path, audit: &Audit) -> Result<PathBuf> {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let path = options.out.join(format!("audit-of-{name}.json"));
    replace(&path, &serde_json::to_vec_pretty(audit)?)
        .with_context(|| format!("{} could not be written", path.display()))?;
    Ok(path)
}

/// Writes beside the file and renames: a reader sees the old file or the new one.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (mut file, draft) = draft(path.parent().unwrap_or(Path::new("")), &name)?;
    let written = file.write_all(bytes).and_then(|()| fs::rename(&draft, path));
    // What is left of a full disk is of no use to anybody.
    Ok(written.inspect_err(|_| _ = fs::remove_file(&draft))?)
}

/// A new hidden file in `folder`, which is made if it is not there. Nobody else writes to it: two
/// containers that share the folder may have the same process id.
fn draft(folder: &Path, name: &str) -> io::Result<(File, PathBuf)> {
    fs::create_dir_all(folder)?;
    let names = (0u32..).map(|n| folder.join(format!(".{name}.{}.{n}", std::process::id())));
    let mut tried = names.map(|path| Ok((File::create_new(&path)?, path)));
    let taken = |made: &io::Result<_>| {
        made.as_ref().is_err_and(|error: &io::Error| error.kind() == io::ErrorKind::AlreadyExists)
    };
    tried.find(|made| !taken(made)).unwrap_or_else(|| Err(io::ErrorKind::AlreadyExists.into()))
}

fn csv(programme: &Programme, verdict: &Verdict) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    export::write_schedule(programme, &verdict.schedule, &mut bytes)?;
    Ok(bytes)
}

fn ics(programme: &Programme, verdict: &Verdict) -> Result<Vec<u8>> {
    let calendar = export::schedule_ics(programme, &verdict.schedule, jiff::Timestamp::now())?;
    Ok(calendar.into_bytes())
}

fn html(programme: &Programme, verdict: &Verdict) -> Result<Vec<u8>> {
    let mark = |v: &Violation| Mark {
        person: v.person.as_ref().and_then(|id| programme.people.iter().position(|p| p.id == *id)),
        date: v.date,
        slot: Slot::ALL.into_iter().find(|slot| Some(slot.word()) == v.slot),
        text: format!("{}: {}", v.rule, v.text),
    };
    let marks: Vec<_> = verdict.audit.violations.iter().map(mark).collect();
    let subtitle = match marks.len() {
        0 => "Legal: no duty-hour rule is broken.".to_owned(),
        n => format!("Not legal: {n} violations."),
    };
    Ok(page::render(programme, &verdict.schedule, &marks, &subtitle).into_bytes())
}

fn json(_: &Programme, verdict: &Verdict) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec_pretty(&*verdict.audit)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drafts_of_one_name_are_different_files() {
        let place = tempfile::tempdir().unwrap();
        let (_one, first) = draft(place.path(), "file").unwrap();
        let (_other, second) = draft(place.path(), "file").unwrap();
        assert_ne!(first, second);
    }

    #[test]
    fn a_file_in_a_folder_that_vanished_is_written_whole_and_alone() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("gone").join("file");
        replace(&path, b"one").unwrap();
        fs::remove_dir_all(place.path().join("gone")).unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(place.path().join("gone")).unwrap().count(), 1);
    }
}
