//! A judge that shares nothing with the solvers.

use std::{
    path::Path,
    process::{Command, Output},
};

use anyhow::{Context, bail};
use serde::Deserialize;

/// The part of the judge's report that is used.
#[derive(Deserialize)]
struct Verdict {
    penalty: f64,
}

/// What a roster is worth by `check` (`python check_roster.py`).
///
/// # Errors
///
/// When it is not legal, or not worth what is expected of it.
pub(super) fn judge(
    mut check: Command,
    instance: &Path,
    roster: &Path,
    expected: Option<f64>,
) -> anyhow::Result<f64> {
    check.arg(instance).arg(roster).arg("--json");
    if let Some(expected) = expected {
        check.args(["--expect", &format!("{expected:.0}")]);
    }
    let Output { status, stdout, stderr } = check.output().context("cannot run the judge")?;
    let said = String::from_utf8_lossy(&stdout);
    if !status.success() {
        let claim = expected.map(|value| format!("and worth {value:.0}")).unwrap_or_default();
        let (roster, errors) = (roster.display(), String::from_utf8_lossy(&stderr));
        bail!("a wrong claim: {roster} is to be legal {claim}; the judge: {said}{errors}");
    }
    let verdict: Verdict =
        serde_json::from_str(&said).with_context(|| format!("no verdict: {said}"))?;
    Ok(verdict.penalty)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finds every roster worth 607, and legal when `legal`.
    fn check(legal: bool) -> Command {
        let mut command = Command::new("sh");
        let says =
            r#"echo '{"penalty": 607}'; test "$4" = "" || test "$4 $5" = "--expect 607" || exit 3"#;
        let refuses = "echo HARD; exit 1";
        command.args(["-c", if legal { says } else { refuses }, "judge"]);
        command
    }

    fn judged(legal: bool, expected: Option<f64>) -> anyhow::Result<f64> {
        judge(check(legal), Path::new("Instance1.txt"), Path::new("a.txt"), expected)
    }

    #[test]
    fn a_claim_that_the_judge_does_not_share_fails_and_tells_what_it_found() {
        assert_eq!(judged(true, Some(607.0)).unwrap(), 607.0);
        let error = judged(true, Some(606.0)).unwrap_err().to_string();
        assert!(error.contains("a.txt is to be legal and worth 606"), "{error}");
        assert!(error.contains(r#""penalty": 607"#), "{error}");
    }

    #[test]
    fn without_a_claim_the_roster_still_has_to_be_legal() {
        assert_eq!(judged(true, None).unwrap(), 607.0);
        assert!(judged(false, None).unwrap_err().to_string().contains("HARD"));
    }
}
