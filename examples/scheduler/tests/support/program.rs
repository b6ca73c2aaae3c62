//! The program itself, run in a folder of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use scheduler::audit::{Audit, audit};
use scheduler::cli::Why;
use scheduler::db::{self, AddedAbsence, rows};
use scheduler::domain::{Person, Programme, Role, Schedule, Slot};
use scheduler::import::{self, Source};
use scheduler::replan;
use scheduler::settings::Settings;

/// A folder with its database and outputs.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
}

impl Place {
    /// SQLite in a new folder.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self { folder, environment: BTreeMap::new() };
        let database = format!("sqlite://{}", place.path("rounds.db").display());
        place.with("DATABASE_URL", &database)
    }

    /// The same with one more variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn out(&self, name: &str) -> PathBuf {
        self.path("out").join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scheduler"));
        command.current_dir(self.folder.path()).env_clear().envs(self.environment());
        command.arg("--quiet").args(arguments);
        if !arguments.contains(&"--out") {
            command.args(["--out", "out"]);
        }
        if !arguments.contains(&"--seconds") {
            command.args(["--seconds", "1"]);
        }
        command
    }

    /// Runs to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).output().unwrap())
    }

    /// Starts and goes on.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings::read(&self.environment).unwrap()
    }

    /// The published schedule, judged; `None` when nothing is published.
    pub(crate) fn published(&self) -> Option<(i64, Schedule, Audit)> {
        let programme = bundled();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (version, cells) = runtime.block_on(async {
            let (database, _) = db::open(&self.settings()).await.unwrap();
            let version = database.published(&programme.block.id).await.unwrap();
            (version, database.assignments(&programme.block.id).await.unwrap())
        });
        let version = version?.version;
        let assignments = cells.iter().map(|row| rows::cell(&programme, row).unwrap()).collect();
        let schedule = Schedule { assignments };
        let audit = audit(&programme, &schedule);
        Some((version, schedule, audit))
    }

    /// A resident whose absence from one day to another can be made up for, which is tried: on duty
    /// then, but least of all, and not at night. Where one of the few who may do some work is away, or
    /// has done as many nights before as four weeks allow, there is no legal plan at all.
    pub(crate) fn easily_spared(&self, first: &str, last: &str) -> String {
        let mut programme = bundled();
        replan::learn(&mut programme, self.learnt());
        let (_, schedule, _) = self.published().unwrap();
        let duties = |person: usize| {
            let own = schedule.assignments.iter().filter(|a| a.person == person);
            let own = own.filter(|a| a.duty.is_duty());
            own.filter(|a| (first..=last).contains(&&*a.date.to_string())).collect::<Vec<_>>()
        };
        let people = programme.people.iter().enumerate();
        let at_hand = people.filter(|(person, one)| {
            let mut absences = programme.absences.iter().filter(|a| a.person == *person);
            let duties = duties(*person);
            matches!(one.role, Role::Resident(_))
                && absences
                    .all(|a| a.last.to_string().as_str() < first || *last < *a.first.to_string())
                && !duties.is_empty()
                && duties.iter().all(|a| a.slot != Slot::Night)
        });
        let mut at_hand: Vec<(usize, &Person)> = at_hand.collect();
        at_hand.sort_by_key(|(person, _)| duties(*person).len());
        let days = [first, last].map(|day| day.parse().unwrap());
        let can_be_mended = |one: &&Person| {
            let absence = replan::absence(&programme, &one.id, days[0], days[1], Why::Sick);
            let mended = replan::mend(&programme, &schedule, absence.unwrap(), replan::TIME, 1);
            mended.unwrap().audit.is_clean()
        };
        let found = at_hand.into_iter().map(|(_, one)| one).find(can_be_mended);
        found.expect("nobody can be spared").id.clone()
    }

    /// The absences that re-plans have learnt of.
    fn learnt(&self) -> Vec<AddedAbsence> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (database, _) = db::open(&self.settings()).await.unwrap();
            database.added_absences(&bundled().block.id).await.unwrap()
        })
    }
}

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// The programme that is bundled.
pub(crate) fn bundled() -> Programme {
    import::load(&Source::Bundled).unwrap()
}

/// A copy of the bundled data in `folder`.
pub(crate) fn copy_data(folder: &Path) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    std::fs::create_dir_all(folder).unwrap();
    for entry in std::fs::read_dir(data).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
}
