//! A child process that does not outlive its parent.

use std::{
    fs::{self, File},
    io::Write,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{Error, account::Home, wait};

/// How long a process gets to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// How a server is told to end at once; nothing it holds is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StopSignal {
    /// PostgreSQL's immediate shutdown, which takes the backends along and frees shared memory.
    Quit,
    /// Redis has nothing to tidy, and knows no quicker way.
    Kill,
}

impl StopSignal {
    fn name(self) -> &'static str {
        match self {
            Self::Quit => "QUIT",
            Self::Kill => "KILL",
        }
    }
}

/// Run by `sh` beside each server: `$1` its process id, `$2` its folder, `$3` its signal. Input ends
/// when the parent does, by whatever signal; a line means that the parent stopped the server
/// itself. The working directory tells the server from a stranger who got its number.
const WATCHER: &str = r#"
read -r word && exit 0
case "$(readlink "/proc/$1/cwd" 2>/dev/null || echo "$2")" in
  "$2"*) kill -CONT "$1"; kill -"$3" "$1"; n=0
    while kill -0 "$1" && [ "$n" -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
    kill -KILL "$1" ;;
esac 2>/dev/null
rm -rf "$2"
"#;

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    watcher: Child,
    log: PathBuf,
    stop: StopSignal,
    paused: bool,
}

impl Process {
    /// Starts `command`, its output going to the log in `home`, in a process group of its own: a
    /// Ctrl-C at the terminal reaches the parent alone, who decides.
    pub(crate) fn start(
        home: &Home,
        command: &mut Command,
        stop: StopSignal,
    ) -> Result<Self, Error> {
        let log = home.path().join("log");
        let output = File::options().create(true).append(true).open(&log);
        let output = output.map_err(Error::io("write", &log))?;
        let errors = output.try_clone().map_err(Error::io("write", &log))?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
        let program = command.get_program().to_owned();
        let mut child = command.spawn().map_err(Error::io("run", program))?;
        match watch(child.id(), home.path(), stop) {
            Ok(watcher) => Ok(Self { child, watcher, log, stop, paused: false }),
            Err(source) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(Error::Io { action: "run", path: "sh".into(), source })
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `ready`, or fails with the end of the log.
    pub(crate) fn wait_ready(
        &mut self,
        server: &'static str,
        limit: Duration,
        ready: impl Fn() -> bool,
    ) -> Result<(), Error> {
        let child = &mut self.child;
        let ended = |child: &mut Child| !matches!(child.try_wait(), Ok(None));
        wait::until(limit, || ready() || ended(child));
        if ready() && !ended(child) {
            return Ok(());
        }
        Err(Error::NotReady { server, log: last_lines(&self.log) })
    }

    /// Freezes the process and its children.
    pub(crate) fn pause(&mut self) {
        // The parent first, so that it starts nobody behind our back.
        self.paused = true;
        signal("STOP", &[self.id()]);
        signal("STOP", &children(self.id()));
    }

    /// Ends a [`pause`](Self::pause).
    pub(crate) fn resume(&mut self) {
        signal("CONT", &children(self.id()));
        signal("CONT", &[self.id()]);
        self.paused = false;
    }

    /// SIGKILL to the process and its children; returns when all are gone.
    pub(crate) fn kill(mut self) {
        let children = children(self.id());
        self.reap();
        signal("KILL", &children);
        wait::until(GRACE, || !children.iter().any(|id| is_alive(*id)));
    }

    fn reap(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks, then insists.
    fn stop(&mut self) {
        if self.paused {
            self.resume();
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            signal(self.stop.name(), &[self.id()]);
            wait::until(GRACE, || !matches!(self.child.try_wait(), Ok(None)));
        }
        self.reap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
        // The server is gone and its number may go to another: the watcher must not use it.
        if let Some(mut input) = self.watcher.stdin.take() {
            let _ = input.write_all(b"done\n");
        }
        let _ = self.watcher.wait();
    }
}

fn watch(id: u32, folder: &Path, stop: StopSignal) -> std::io::Result<Child> {
    Command::new("sh")
        .args(["-c", WATCHER, "watcher", &id.to_string()])
        .arg(folder)
        .arg(stop.name())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

/// std sends only SIGKILL, and without `unsafe` there is no other way to the rest than a program;
/// `kill` is built into every shell.
fn signal(name: &str, ids: &[u32]) {
    if ids.is_empty() {
        return;
    }
    let ids = ids.iter().map(u32::to_string);
    let mut kill = Command::new("sh");
    kill.args(["-c", r#"kill "$@""#, "kill", &format!("-{name}")]).args(ids);
    let _ = kill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

/// Direct children, from /proc; none where there is no /proc.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| parent_of(*id) == Some(parent)).collect()
}

fn parent_of(id: u32) -> Option<u32> {
    status_fields(id)?.get(1)?.parse().ok()
}

fn is_alive(id: u32) -> bool {
    status_fields(id).is_some_and(|fields| fields.first().is_some_and(|state| state != "Z"))
}

/// State, parent and what follows in /proc/ID/stat. The name before them may hold spaces and
/// brackets, so the fields begin after the last bracket.
fn status_fields(id: u32) -> Option<Vec<String>> {
    let line = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = line.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

fn last_lines(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
