//! Who a server runs as, and a folder that account can use.

use std::{
    env, fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::Error;

/// The account a server started by root runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// `None` when the caller is an ordinary user, who starts servers as himself.
    pub(crate) fn for_server(folder: &Path) -> Result<Option<Self>, Error> {
        // A folder just made belongs to the effective user: the one id std tells without unsafe.
        let owner = fs::metadata(folder).map_err(Error::io("look at", folder))?.uid();
        if owner != 0 {
            return Ok(None);
        }
        let file = "/etc/passwd";
        let accounts = fs::read_to_string(file).map_err(Error::io("read", file))?;
        let find = |name| Self::parse(&accounts, name);
        find("postgres").or_else(|| find("nobody")).map(Some).ok_or(Error::NoAccount)
    }

    fn parse(passwd: &str, name: &str) -> Option<Self> {
        let fields = |line: &'_ str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
        let entry = passwd.lines().map(fields).find(|entry| entry[0] == name)?;
        Some(Self { uid: entry.get(2)?.parse().ok()?, gid: entry.get(3)?.parse().ok()? })
    }
}

/// A new folder of a server's own, removed when dropped.
#[derive(Debug)]
pub(crate) struct Home {
    folder: TempDir,
    account: Option<Account>,
}

impl Home {
    pub(crate) fn new(server: &str) -> Result<Self, Error> {
        let parent = temporary_root();
        let folder = tempfile::Builder::new()
            .prefix(&format!("test-{server}-"))
            .tempdir_in(&parent)
            .map_err(Error::io("make a folder in", &parent))?;
        let account = Account::for_server(folder.path())?;
        if let Some(Account { uid, gid }) = account {
            let path = folder.path();
            chown(path, Some(uid), Some(gid)).map_err(Error::io("give away", path))?;
        }
        Ok(Self { folder, account })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A command that runs inside this folder, as the account that owns it.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path());
        if let Some(Account { uid, gid }) = self.account {
            // std also clears the supplementary groups when root gives up its id.
            command.uid(uid).gid(gid);
        }
        command
    }
}

/// The usual temporary folder, unless it lies where another account cannot go (below /root, say).
fn temporary_root() -> PathBuf {
    let usual = env::temp_dir();
    if usual.ancestors().all(anyone_may_enter) { usual } else { PathBuf::from("/tmp") }
}

fn anyone_may_enter(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n\
                          broken\n\
                          postgres:x:101:104:,,,:/var/lib/postgresql:/bin/bash\n";

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        assert_eq!(Account::parse(PASSWD, "postgres"), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(Account::parse(PASSWD, "post"), None);
        assert_eq!(Account::parse(PASSWD, "broken"), None);
    }

    #[test]
    fn a_home_is_gone_once_dropped() {
        let home = Home::new("nothing").unwrap();
        let path = home.path().to_owned();
        assert!(path.is_dir());
        drop(home);
        assert!(!path.exists());
    }
}
