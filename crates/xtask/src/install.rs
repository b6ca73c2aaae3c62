//! Installs server packages on Debian and its kin, without starting the system's services.

use std::{env, fs, os::unix::fs::MetadataExt, path::Path, process::Command};

use anyhow::bail;
use test_servers::INSTALL_COMMAND;

/// Asked by Debian's packages before they start, stop or restart a service.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// `$1` is the policy file, the rest packages. While they install, the policy forbids touching any
/// service, running ones included; afterwards what stood there stands there again. A shell does
/// this because its trap also runs when Ctrl-C ends the installation.
const SCRIPT: &str = r#"
set -eu
policy=$1; shift
kept=$(mktemp -d)
restore() {
  rm -f "$policy"
  if [ -e "$kept/policy" ] || [ -L "$kept/policy" ]; then mv "$kept/policy" "$policy"; fi
  rm -rf "$kept"
}
if [ -e "$policy" ] || [ -L "$policy" ]; then mv "$policy" "$kept/policy"; fi
trap restore EXIT
trap 'exit 130' INT TERM HUP
printf '#!/bin/sh\nexit 101\n' > "$policy"
chmod 755 "$policy"
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends "$@"
"#;

/// Installs `packages`, or says what an administrator has to run.
pub(crate) fn packages(packages: &[&str]) -> anyhow::Result<()> {
    let missing = packages.join(" and ");
    if !may_install() {
        bail!(
            "{missing} not found. Run once: {INSTALL_COMMAND}\n\
             or name servers in TEST_DATABASE_URL and TEST_REDIS_URL, \
             or leave their tests out: cargo xtask test --no-servers"
        );
    }
    println!("installing {missing}; no service is started");
    let status = script(Path::new(POLICY), packages).status()?;
    if !status.success() {
        bail!("installing {missing} failed ({status}). Run once: {INSTALL_COMMAND}");
    }
    Ok(())
}

fn script(policy: &Path, packages: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, "install"]).arg(policy).args(packages);
    command
}

/// Root, with apt. The owner of a process's folder in /proc is its effective user.
fn may_install() -> bool {
    let root = fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0);
    let path = env::var_os("PATH").unwrap_or_default();
    root && env::split_paths(&path).any(|folder| folder.join("apt-get").is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// Runs the script with an apt-get that asks the policy and then ends with `code`.
    fn install(before: Option<&str>, code: u8) -> (Option<String>, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        let (policy, log) = (folder.path().join("policy-rc.d"), folder.path().join("log"));
        if let Some(text) = before {
            fs::write(&policy, text).unwrap();
        }
        let apt = folder.path().join("apt-get");
        let text = format!(
            "#!/bin/sh\n\
             if [ \"$1\" = update ]; then exit 0; fi\n\
             \"{policy}\" redis start; echo \"$? $*\" > \"{log}\"\n\
             exit {code}\n",
            policy = policy.display(),
            log = log.display(),
        );
        fs::write(&apt, text).unwrap();
        fs::set_permissions(&apt, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", folder.path().display(), env::var("PATH").unwrap());
        let status = script(&policy, &["redis-server"]).env("PATH", path).status().unwrap();
        assert_eq!(status.success(), code == 0);
        (fs::read_to_string(log).ok(), fs::read_to_string(policy).ok())
    }

    #[test]
    fn services_are_forbidden_while_packages_install_and_allowed_again_after() {
        let (log, policy) = install(None, 0);
        assert_eq!(log.unwrap(), "101 install -y --no-install-recommends redis-server\n");
        assert_eq!(policy, None);
    }

    #[test]
    fn a_policy_that_stood_before_stands_again_even_when_apt_fails() {
        let (_, policy) = install(Some("#!/bin/sh\nexit 0\n"), 1);
        assert_eq!(policy.unwrap(), "#!/bin/sh\nexit 0\n");
    }
}
