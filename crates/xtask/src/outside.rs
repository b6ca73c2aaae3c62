//! A crate outside the workspace builds against each library alone.

use std::{fs, path::Path, process::ExitCode};

use anyhow::Context;

use crate::cargo::{self, Metadata, Package};

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let metadata = Metadata::of_workspace()?;
    for library in metadata.libraries() {
        let folder = tempfile::tempdir()?;
        write_crate(folder.path(), library, &metadata.workspace_root)?;
        let mut command = cargo::cargo();
        // The lock file of the workspace is there already, so nothing is looked up.
        command.args(["check", "--quiet", "--offline"]).current_dir(folder.path());
        // And so are most of its dependencies, as each library alone has been checked with.
        command.env("CARGO_TARGET_DIR", &metadata.target_directory);
        println!("{} from outside", library.name);
        cargo::run(&mut command)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write_crate(folder: &Path, library: &Package, root: &Path) -> anyhow::Result<()> {
    let path = library.manifest_path.parent().context("a manifest without a folder")?;
    let manifest = format!(
        "[package]\nname = \"outside\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\n{} = {{ path = {path:?} }}\n\n[workspace]\n",
        library.name,
    );
    let main = format!("use {} as _;\n\nfn main() {{}}\n", library.name.replace('-', "_"));
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    fs::create_dir(folder.join("src"))?;
    fs::write(folder.join("src/main.rs"), main)?;
    Ok(())
}
