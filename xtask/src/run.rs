//! Runs commands, says how long each stage took, and survives Ctrl-C so that what was started is
//! stopped again.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, OnceLock, atomic::AtomicBool, atomic::Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

static STOP: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From here on SIGINT and SIGTERM only raise a flag: guards get to stop what they started.
pub fn catch_signals() -> Result<()> {
    let stop = STOP.get_or_init(Arc::default);
    for signal in [
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGHUP,
    ] {
        signal_hook::flag::register(signal, Arc::clone(stop))
            .context("can't catch termination signals")?;
    }
    Ok(())
}

/// Whether somebody asked to stop.
pub fn is_stopped() -> bool {
    STOP.get().is_some_and(|stop| stop.load(Ordering::SeqCst))
}

/// Waits a moment between two looks at something that can't wake us.
#[allow(
    clippy::disallowed_methods,
    reason = "xtask is a synchronous tool; it polls processes"
)]
pub fn pause() {
    std::thread::sleep(Duration::from_millis(40));
}

/// A stopwatch for what people wait for.
pub struct Watch(std::time::Instant);

impl Watch {
    #[allow(
        clippy::disallowed_methods,
        reason = "measures for people; no logic hangs on it but deadlines"
    )]
    /// From now on.
    #[must_use]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// How long it has run.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Waits until `ready` says yes.
pub fn wait_until(
    what: &str,
    limit: Duration,
    mut ready: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let watch = Watch::start();
    while !ready()? {
        if is_stopped() {
            bail!("interrupted while waiting for {what}");
        }
        if watch.elapsed() > limit {
            bail!("{what} isn't ready after {} s", limit.as_secs());
        }
        pause();
    }
    Ok(())
}

/// Names a stage, runs it, says how long it took.
pub fn stage<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    if is_stopped() {
        bail!("interrupted before: {name}");
    }
    println!("==> {name}");
    flush();
    let watch = Watch::start();
    let result = work();
    let word = if result.is_ok() { "done" } else { "FAILED" };
    println!("    {word} in {}", seconds(watch.elapsed()));
    flush();
    result
}

/// `12.3 s`.
pub fn seconds(time: Duration) -> String {
    format!("{}.{} s", time.as_secs(), time.subsec_millis() / 100)
}

/// Runs a command to its end with our own output; false if it failed.
pub fn succeeds(command: &mut Command) -> Result<bool> {
    Ok(wait(spawn(command)?, &describe(command))?.success())
}

/// Runs a command to its end with our own output; an error if it failed.
pub fn must(command: &mut Command) -> Result<()> {
    let name = describe(command);
    let status = wait(spawn(command)?, &name)?;
    if !status.success() {
        bail!("`{name}` failed ({status})");
    }
    Ok(())
}

/// What a command printed.
pub struct Output {
    /// Whether it ended well.
    pub success: bool,
    /// Both streams, one after the other.
    pub text: String,
}

/// Runs a command to its end and gives what it printed on both streams.
pub fn capture(command: &mut Command) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("can't run `{}`", describe(command)))?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok(Output {
        success: output.status.success(),
        text,
    })
}

/// Runs a command and gives what it printed on standard output; an error with all of it if it failed.
pub fn stdout(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("can't run `{}`", describe(command)))?;
    if !output.status.success() {
        bail!(
            "`{}` failed ({}):\n{}{}",
            describe(command),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Starts a command.
pub fn spawn(command: &mut Command) -> Result<Child> {
    command
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| format!("can't run `{}`", describe(command)))
}

/// Waits for a child; passes a request to stop on to it.
pub fn wait(mut child: Child, name: &str) -> Result<ExitStatus> {
    let mut told = false;
    loop {
        if let Some(status) = child.try_wait().context("can't wait for a child")? {
            if told {
                bail!("interrupted during `{name}`");
            }
            return Ok(status);
        }
        if is_stopped() && !told {
            terminate(&child);
            told = true;
        }
        pause();
    }
}

/// Asks a child to end.
pub fn terminate(child: &Child) {
    // Best effort: a child that is gone already has done what was asked.
    let _ = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .stderr(Stdio::null())
        .status();
}

/// Asks a child to end and waits for it; kills it when it takes too long.
pub fn stop(child: &mut Child, limit: Duration) {
    terminate(child);
    let watch = Watch::start();
    loop {
        match child.try_wait() {
            Ok(None) if watch.elapsed() < limit => pause(),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return;
            }
            Ok(Some(_)) | Err(_) => return,
        }
    }
}

/// A command as one line.
pub fn describe(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args().map(OsStr::to_string_lossy) {
        let _ = write!(line, " {argument}");
    }
    line
}

fn flush() {
    let _ = std::io::stdout().flush();
}

/// Whether `/readyz` answers 200.
pub fn is_ready(ops: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&ops, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream
            .write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
