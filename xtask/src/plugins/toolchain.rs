//! Which compiler builds the guests: the toolchain's own wasm target if it is there or can be had,
//! else Debian's compiler with its own sources of the standard library.

use std::{
    env, fmt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};

use crate::{repo, run, tools};

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "lld"];

/// A way to build for wasm.
pub(super) enum Way {
    /// The target was there.
    Target,
    /// rustup has just added it.
    Added,
    /// Debian's compiler builds the standard library as well.
    Debian,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Target => "built with the toolchain's own wasm target",
            Self::Added => "built with the wasm target that rustup has just added",
            Self::Debian => {
                "built with Debian's compiler and sources (rustc-web, rust-web-src, lld)"
            }
        })
    }
}

/// The first way that is open.
pub(super) fn choose() -> Result<Way> {
    let home = repo::root().join("plugins");
    if has_target(&home) {
        return Ok(Way::Target);
    }
    if tools::on_path("rustup").is_some() {
        let mut add = Command::new("rustup");
        add.args(["target", "add", TARGET]).current_dir(&home);
        if run::capture(&mut add).is_ok_and(|output| output.success) && has_target(&home) {
            return Ok(Way::Added);
        }
    }
    if !has_debian() && tools::may_install() {
        tools::apt_install(&DEBIAN_PACKAGES)?;
    }
    if has_debian() {
        return Ok(Way::Debian);
    }
    bail!(
        "there is no compiler for {TARGET}: run `rustup target add {TARGET}`, or on Debian and \
         Ubuntu `apt-get install {}`",
        DEBIAN_PACKAGES.join(" ")
    )
}

/// Whether the standard library for wasm lies beside the compiler.
fn has_target(home: &Path) -> bool {
    let mut ask = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    ask.args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(home);
    run::stdout(&mut ask).is_ok_and(|folder| Path::new(folder.trim()).is_dir())
}

fn has_debian() -> bool {
    let sources = run::stdout(Command::new(DEBIAN_RUSTC).args(["--print", "sysroot"]))
        .map(|sysroot| Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library"));
    sources.is_ok_and(|library| library.is_dir()) && tools::on_path("wasm-ld").is_some()
}

impl Way {
    /// Builds every guest and gives the folder with the modules.
    pub(super) fn build(&self, home: &Path) -> Result<PathBuf> {
        // Each compiler has its own folder: one can't read what the other has written.
        let target = repo::target().join(match self {
            Self::Target | Self::Added => "plugins",
            Self::Debian => "plugins-debian",
        });
        let mut cargo = Command::new("cargo");
        cargo
            .args(["build", "--release", "--locked", "--target", TARGET])
            .current_dir(home)
            .env("CARGO_TARGET_DIR", &target)
            // Flags for the host's compiler mean nothing here.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        if matches!(self, Self::Debian) {
            cargo
                .arg("-Zbuild-std=std,panic_abort")
                .env("RUSTC", DEBIAN_RUSTC)
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld")
                .env(
                    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
                    "-C linker-flavor=wasm-ld",
                );
        }
        run::must(&mut cargo)?;
        Ok(target.join(TARGET).join("release"))
    }
}
