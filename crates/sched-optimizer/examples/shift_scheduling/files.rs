//! Files, with faults that name them.

use std::fs;
use std::path::Path;

use super::fault::Fault;

/// Reads `path` by `parse`; a fault comes back as `file:line: what was expected, what was found`.
pub(crate) fn read<T>(
    path: &Path,
    parse: impl FnOnce(&str) -> Result<T, Fault>,
) -> Result<T, String> {
    let name = path.display();
    let bytes = fs::read(path).map_err(|error| format!("{name}: {error}"))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let before = bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
        let fault = Fault::told(before + 1, "text in UTF-8", "other bytes");
        format!("{name}:{fault}")
    })?;
    parse(text).map_err(|fault| format!("{name}:{fault}"))
}

/// Writes `text` to `path`.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
