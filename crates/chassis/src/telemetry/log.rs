//! Logs.

use std::{io::IsTerminal as _, sync::Arc};

use serde::Deserialize;
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry, layer::SubscriberExt as _, reload,
    util::SubscriberInitExt as _,
};

/// How a line looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// One object a line.
    Json,
}

/// The section `[log]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// Filter: `info`, or `info,postlude_store=debug`.
    pub level: String,
    /// How a line looks.
    pub format: Format,
}

/// Logs can't be set up or changed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is none.
    #[error("`{0}` is no log filter; write for example `info` or `info,postlude_store=debug`")]
    Filter(String),
    /// Somebody else set logs up before.
    #[error("logs are set up already")]
    Twice,
}

type Reload = dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync;

/// Reads and changes the filter while the process runs.
#[derive(Clone)]
pub struct LogLevel {
    current: Arc<std::sync::Mutex<String>>,
    reload: Arc<Reload>,
}

impl LogLevel {
    /// The filter in force.
    #[must_use]
    pub fn get(&self) -> String {
        self.current
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Puts another filter in force.
    ///
    /// # Errors
    /// [`LogError::Filter`] if the text is none.
    pub fn set(&self, text: &str) -> Result<(), LogError> {
        (self.reload)(filter(text)?).map_err(|_gone| LogError::Twice)?;
        text.clone_into(
            &mut self
                .current
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        Ok(())
    }
}

impl std::fmt::Debug for LogLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LogLevel").field(&self.get()).finish()
    }
}

fn filter(text: &str) -> Result<EnvFilter, LogError> {
    EnvFilter::try_new(text).map_err(|_invalid| LogError::Filter(text.to_owned()))
}

/// Sets logs up for this process, on standard error: standard output belongs to commands.
///
/// # Errors
/// [`LogError`] if the filter is none or logs are set up already.
pub fn init(config: &LogConfig) -> Result<LogLevel, LogError> {
    let (filter, handle) = reload::Layer::<EnvFilter, Registry>::new(filter(&config.level)?);
    let pretty = match config.format {
        Format::Pretty => true,
        Format::Json => false,
        Format::Auto => std::io::stderr().is_terminal(),
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = if pretty {
        lines.boxed()
    } else {
        lines.json().flatten_event(true).boxed()
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init()
        .map_err(|_set| LogError::Twice)?;
    Ok(LogLevel {
        current: Arc::new(std::sync::Mutex::new(config.level.clone())),
        reload: Arc::new(move |filter| handle.reload(filter)),
    })
}
