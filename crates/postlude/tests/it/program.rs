//! The program, run in a folder of its own.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// How long anything may take before the test gives up.
const DEADLINE: Duration = Duration::from_secs(60);

/// A data folder and the program on it.
pub(crate) struct Program(TempDir);

impl Program {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Where it is run.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.0.path()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postlude"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("POSTLUDE_")) {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .env("POSTLUDE_DATA_DIR", self.0.path().join("data"))
            .env("POSTLUDE_GATEWAY__LISTEN", "127.0.0.1:0")
            .env("POSTLUDE_OPS__LISTEN", "127.0.0.1:0")
            .env("POSTLUDE_LOG__LEVEL", "warn")
            .stdin(Stdio::null())
            .current_dir(self.0.path());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What it printed, as JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            stderr(&output)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Starts `serve` and waits until it says that it is ready.
    pub(crate) fn serve(&self) -> Serving {
        let mut child = self
            .command(&["serve", "--output", "json"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let addresses: serde_json::Value = serde_json::from_str(&line).expect("addresses");
        Serving {
            endpoint: addresses["gateway"].as_str().unwrap().to_owned(),
            child,
        }
    }
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A platform at work. Killed when it is dropped.
pub(crate) struct Serving {
    pub child: Child,
    pub endpoint: String,
}

impl Serving {
    /// Asks it to stop, as an orchestrator does, and gives its exit code.
    #[allow(
        clippy::disallowed_methods,
        reason = "a deadline for another process, which lives by the machine's clock"
    )]
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(sent.success());
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(started.elapsed() < DEADLINE, "it does not stop");
            std::thread::yield_now();
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
