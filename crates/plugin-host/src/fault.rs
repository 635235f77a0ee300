//! What can go wrong inside a call, as words that runs keep and people search for.

use std::fmt;

/// The kind of a fault. Every fault counts for the breaker, save where it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultCode {
    /// The call took more instructions than it may.
    FuelExhausted,
    /// The call took longer than it may.
    TimeExhausted,
    /// The call wanted more memory than it may, and broke.
    MemoryExhausted,
    /// The call nested too deeply.
    StackExhausted,
    /// The plugin trapped.
    Trap,
    /// The facts are larger than a plugin is given. Doesn't count for the breaker.
    InputTooLarge,
    /// The answer is larger than a plugin may give.
    OutputTooLarge,
    /// The answer isn't of the hook's type: bytes that are no text, pointers to nowhere.
    OutputMalformed,
    /// The answer breaks a rule of the hook.
    DecisionInvalid,
    /// The component can't be loaded on this replica.
    ComponentUnavailable,
    /// Too many faults of late: the plugin wasn't asked. Doesn't count for the breaker.
    BreakerOpen,
    /// The host itself failed.
    HostFailed,
}

impl FaultCode {
    /// The code as runs keep it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FuelExhausted => "FUEL_EXHAUSTED",
            Self::TimeExhausted => "TIME_EXHAUSTED",
            Self::MemoryExhausted => "MEMORY_EXHAUSTED",
            Self::StackExhausted => "STACK_EXHAUSTED",
            Self::Trap => "TRAP",
            Self::InputTooLarge => "INPUT_TOO_LARGE",
            Self::OutputTooLarge => "OUTPUT_TOO_LARGE",
            Self::OutputMalformed => "OUTPUT_MALFORMED",
            Self::DecisionInvalid => "DECISION_INVALID",
            Self::ComponentUnavailable => "COMPONENT_UNAVAILABLE",
            Self::BreakerOpen => "BREAKER_OPEN",
            Self::HostFailed => "HOST_FAILED",
        }
    }

    /// Reads a code back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::FuelExhausted,
            Self::TimeExhausted,
            Self::MemoryExhausted,
            Self::StackExhausted,
            Self::Trap,
            Self::InputTooLarge,
            Self::OutputTooLarge,
            Self::OutputMalformed,
            Self::DecisionInvalid,
            Self::ComponentUnavailable,
            Self::BreakerOpen,
            Self::HostFailed,
        ]
        .into_iter()
        .find(|code| code.as_str() == text)
    }

    /// Whether another generation of the plugin may do better.
    pub(crate) const fn is_the_plugins(self) -> bool {
        self.counts() || matches!(self, Self::BreakerOpen)
    }

    /// Whether the plugin is to blame.
    pub(crate) const fn counts(self) -> bool {
        match self {
            Self::FuelExhausted
            | Self::TimeExhausted
            | Self::MemoryExhausted
            | Self::StackExhausted
            | Self::Trap
            | Self::OutputTooLarge
            | Self::OutputMalformed
            | Self::DecisionInvalid
            | Self::ComponentUnavailable => true,
            Self::InputTooLarge | Self::BreakerOpen | Self::HostFailed => false,
        }
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A call that was stopped or broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct PluginFault {
    /// Its kind.
    pub code: FaultCode,
    /// What happened; the plugin's backtrace where there is one.
    pub message: String,
}

impl PluginFault {
    pub(crate) fn new(code: FaultCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// The plugin's own "no answer". Not a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct PluginError {
    /// Stable, `UPPER_SNAKE`.
    pub code: String,
    /// One sentence, meant for the retailer.
    pub message: String,
}
