//! Where the servers' programs are.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use crate::Error;

/// What to run once, as an administrator of a Debian-like machine, to have both servers.
pub const INSTALL_COMMAND: &str = "sudo apt-get install -y postgresql redis-server";

/// Folders that hold one folder per PostgreSQL version, with its programs in `bin`.
const VERSIONED: [&str; 4] = ["/usr/lib/postgresql", "/usr", "/opt/homebrew/opt", "/usr/local/opt"];

/// Folders looked at after PATH.
const USUAL: [&str; 4] =
    ["/usr/local/pgsql/bin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin"];

/// The programs of one PostgreSQL installation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PostgresBinaries {
    /// Makes a data directory.
    pub initdb: PathBuf,
    /// The server.
    pub postgres: PathBuf,
    /// The client, used to create databases.
    pub psql: PathBuf,
}

impl PostgresBinaries {
    /// Looks on PATH, then in the versioned folders, the newest version first.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] names the first program that is nowhere.
    pub fn find() -> Result<Self, Error> {
        let folders = postgres_folders();
        let in_one_folder = folders.iter().find_map(|folder| Self::inside(folder));
        in_one_folder.map_or_else(|| Err(Error::NotFound { program: "postgres" }), Ok)
    }

    /// Server and `initdb` of one folder, since two versions do not mix; `psql` may be elsewhere,
    /// because any recent client can create a database.
    fn inside(folder: &Path) -> Option<Self> {
        // Distributions link single programs into PATH: follow the link to the whole set.
        let postgres = fs::canonicalize(executable(folder, "postgres")?).ok()?;
        let home = postgres.parent()?;
        let initdb = executable(home, "initdb")?;
        let psql = executable(home, "psql").or_else(|| psql().ok())?;
        Some(Self { initdb, postgres, psql })
    }
}

/// The Redis server, or the Valkey one, which speaks the same protocol.
///
/// # Errors
///
/// [`Error::NotFound`] when neither is on PATH or in the usual folders.
pub fn redis_server() -> Result<PathBuf, Error> {
    on_path("redis-server")
        .or_else(|| on_path("valkey-server"))
        .ok_or(Error::NotFound { program: "redis-server" })
}

/// The PostgreSQL client.
pub(crate) fn psql() -> Result<PathBuf, Error> {
    let beside_the_server =
        || postgres_folders().iter().find_map(|folder| executable(folder, "psql"));
    on_path("psql").or_else(beside_the_server).ok_or(Error::NotFound { program: "psql" })
}

fn on_path(program: &str) -> Option<PathBuf> {
    search_path().iter().find_map(|folder| executable(folder, program))
}

fn postgres_folders() -> Vec<PathBuf> {
    let mut folders = search_path();
    for parent in VERSIONED {
        let names = fs::read_dir(parent).into_iter().flatten().flatten();
        let mut found: Vec<_> =
            names.filter_map(|entry| Some((version(&entry.file_name())?, entry.path()))).collect();
        found.sort();
        folders.extend(found.into_iter().rev().map(|(_, path)| path.join("bin")));
    }
    folders
}

fn search_path() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain(USUAL.map(PathBuf::from)).collect()
}

/// `15`, `9.6`, `pgsql-16` or `postgresql@17` as numbers that sort by age; `None` for a folder that
/// is something else.
fn version(folder: &OsStr) -> Option<Vec<u32>> {
    let name = folder.to_str()?;
    let digits = name.strip_prefix("pgsql-").or(name.strip_prefix("postgresql@")).unwrap_or(name);
    digits.split('.').map(|part| part.parse().ok()).collect()
}

fn executable(folder: &Path, program: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;

    let path = folder.join(program);
    let metadata = fs::metadata(&path).ok()?;
    (metadata.is_file() && metadata.permissions().mode() & 0o111 != 0).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn version_folders_sort_by_age_and_other_folders_are_none() {
        let of = |name: &str| version(OsStr::new(name));
        assert!(of("9.6") < of("10"));
        assert!(of("pgsql-16") < of("postgresql@17"));
        assert_eq!(of("share"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn server_and_initdb_come_from_one_folder_behind_a_link() {
        let root = tempfile::tempdir().unwrap();
        let (home, links) = (root.path().join("16"), root.path().join("links"));
        fs::create_dir(&home).unwrap();
        fs::create_dir(&links).unwrap();
        for program in ["postgres", "initdb", "psql"] {
            fs::write(home.join(program), "").unwrap();
            fs::set_permissions(home.join(program), fs::Permissions::from_mode(0o755)).unwrap();
        }
        std::os::unix::fs::symlink(home.join("postgres"), links.join("postgres")).unwrap();

        let found = PostgresBinaries::inside(&links).unwrap();
        assert_eq!(found.initdb, fs::canonicalize(&home).unwrap().join("initdb"));
    }

    #[test]
    fn a_folder_with_the_server_alone_is_no_installation() {
        let folder = tempfile::tempdir().unwrap();
        let server = folder.path().join("postgres");
        fs::write(&server, "").unwrap();
        fs::set_permissions(&server, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(PostgresBinaries::inside(folder.path()), None);
    }

    #[test]
    fn a_file_that_cannot_be_run_is_no_program() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("redis-server"), "").unwrap();
        assert_eq!(executable(folder.path(), "redis-server"), None);
    }
}
