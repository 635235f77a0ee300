//! Which compiler builds the guests: the toolchain's own wasm target if it is there or can be had,
//! else Debian's compiler with its own sources of the standard library.

use std::{
    env, fmt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
/// Packages of Debian and Ubuntu that build for wasm where rustup can't.
pub const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "lld"];

/// A way to build for wasm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
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

/// The first way that is open for the workspace in `home`; rustup may add the target.
#[must_use]
pub fn find(home: &Path) -> Option<Way> {
    if has_target(home) {
        return Some(Way::Target);
    }
    let mut add = Command::new("rustup");
    add.args(["target", "add", TARGET]).current_dir(home);
    if answers(&mut add) && has_target(home) {
        return Some(Way::Added);
    }
    has_debian().then_some(Way::Debian)
}

/// What to do where no way is open.
#[must_use]
pub fn advice() -> String {
    format!(
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
    stdout(&mut ask).is_some_and(|folder| Path::new(folder.trim()).is_dir())
}

fn has_debian() -> bool {
    let sources = stdout(Command::new(DEBIAN_RUSTC).args(["--print", "sysroot"]))
        .map(|sysroot| Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library"));
    sources.is_some_and(|library| library.is_dir())
        && answers(Command::new("wasm-ld").arg("--version"))
}

fn answers(command: &mut Command) -> bool {
    stdout(command).is_some()
}

/// What a command printed, if it ended well.
fn stdout(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Way {
    /// The command that builds every guest of the workspace in `home` into `target`.
    #[must_use]
    pub fn command(self, home: &Path, target: &Path) -> Command {
        let mut cargo = Command::new("cargo");
        cargo
            .args(["build", "--release", "--target", TARGET])
            .current_dir(home)
            .env("CARGO_TARGET_DIR", self.folder(target))
            // Flags for the host's compiler mean nothing here.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        if self == Self::Debian {
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
        cargo
    }

    /// Where the modules lie then.
    #[must_use]
    pub fn modules(self, target: &Path) -> PathBuf {
        self.folder(target).join(TARGET).join("release")
    }

    /// Each compiler has its own folder: one can't read what the other has written.
    fn folder(self, target: &Path) -> PathBuf {
        target.join(match self {
            Self::Target | Self::Added => "plugins",
            Self::Debian => "plugins-debian",
        })
    }
}

/// The file of a crate's module.
#[must_use]
pub fn module(name: &str) -> String {
    format!("{}.wasm", name.replace('-', "_"))
}
