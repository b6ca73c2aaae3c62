//! The part of a page that is written by this program.

use std::{fs, path::Path};

use anyhow::Context;

const BEGIN: &str = "<!-- rosters: begin -->\n";
const END: &str = "<!-- rosters: end -->\n";

/// Puts `text` between the two markers of the page.
pub(super) fn write(page: &Path, text: &str) -> anyhow::Result<()> {
    let old = fs::read_to_string(page).with_context(|| format!("cannot read {page:?}"))?;
    let new = replace(&old, text)
        .with_context(|| format!("no line {BEGIN:?} and {END:?} in {page:?}"))?;
    fs::write(page, new).with_context(|| format!("cannot write {page:?}"))?;
    println!("written: {}", page.display());
    Ok(())
}

fn replace(page: &str, text: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n\n{END}{after}", text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_is_replaced_however_often() {
        let page = format!("a\n{BEGIN}old\n{END}b\n");
        let once = replace(&page, "new\n").unwrap();
        assert_eq!(once, format!("a\n{BEGIN}\nnew\n\n{END}b\n"));
        assert_eq!(replace(&once, "new\n").unwrap(), once);
        assert_eq!(replace("a\n", "new"), None);
    }

    #[test]
    fn the_page_of_figures_has_the_markers() {
        let page = crate::cargo::root().join("docs/benchmarks.md");
        assert!(replace(&fs::read_to_string(page).unwrap(), "").is_some());
    }
}
