//! One call: a store of its own, its limits, the two imports, and what it spent.

use std::sync::Arc;

use wasmtime::{Engine, ResourceLimiter, Store, Trap, WasmBacktrace};

use crate::{
    engine::TICK,
    fault::{FaultCode, PluginFault},
    host::Limits,
};

/// How much of a fault's text is kept.
const MAX_FAULT_BYTES: usize = 4 << 10;

/// What a guest can reach.
pub(crate) struct Guest {
    config: Arc<str>,
    logs: Vec<String>,
    log_bytes_left: usize,
    limiter: Limiter,
}

/// What a call took.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    pub(crate) fuel: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) micros: u64,
    pub(crate) logs: Vec<String>,
}

/// Runs `call` in a store that nobody had before and nobody has after.
pub(crate) fn run<R>(
    engine: &Engine,
    limits: &Limits,
    fuel: u64,
    config: Arc<str>,
    call: impl FnOnce(&mut Store<Guest>) -> wasmtime::Result<R>,
) -> (Result<R, PluginFault>, Spent) {
    let started = tokio::time::Instant::now();
    let mut store = Store::new(
        engine,
        Guest {
            config,
            logs: Vec::new(),
            log_bytes_left: limits.log_bytes,
            limiter: Limiter::new(limits),
        },
    );
    store.limiter(|guest| &mut guest.limiter);
    store.set_hostcall_fuel(limits.output_bytes.saturating_mul(2));
    store.set_epoch_deadline(ticks(limits));
    let result = match store.set_fuel(fuel) {
        Ok(()) => call(&mut store),
        Err(error) => Err(error),
    };
    let left = store.get_fuel().unwrap_or_default();
    let guest = store.into_data();
    let result = result.map_err(|error| classify(&error, &guest.limiter, limits));
    let spent = Spent {
        fuel: fuel.saturating_sub(left),
        memory_bytes: u64::try_from(guest.limiter.memory).unwrap_or(u64::MAX),
        micros: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        logs: guest.logs,
    };
    (result, spent)
}

fn ticks(limits: &Limits) -> u64 {
    let ticks = limits.time.as_nanos().div_ceil(TICK.as_nanos());
    u64::try_from(ticks).unwrap_or(u64::MAX).max(1)
}

fn classify(error: &wasmtime::Error, limiter: &Limiter, limits: &Limits) -> PluginFault {
    let code = match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => FaultCode::FuelExhausted,
        Some(Trap::Interrupt) => FaultCode::TimeExhausted,
        Some(Trap::StackOverflow) => FaultCode::StackExhausted,
        // An allocator that is refused memory traps by itself.
        _ if limiter.refused => FaultCode::MemoryExhausted,
        _ if error
            .chain()
            .any(|cause| cause.to_string().contains("too much data")) =>
        {
            FaultCode::OutputTooLarge
        }
        Some(_) => FaultCode::Trap,
        // No trap: it was found while the answer was read, not while the guest ran.
        None => FaultCode::OutputMalformed,
    };
    let mut message = error.root_cause().to_string();
    if let Some(advice) = advice(code, limits) {
        message = format!("{message}: {advice}");
    }
    if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() {
        message.push('\n');
        message.push_str(&backtrace.to_string());
    }
    PluginFault::new(code, printable(&message, MAX_FAULT_BYTES, true))
}

/// What the author of a plugin can do about a fault whose own words don't say.
fn advice(code: FaultCode, limits: &Limits) -> Option<String> {
    match code {
        FaultCode::FuelExhausted => {
            Some("look for a loop without an end, or for work that grows faster than the lines".into())
        }
        FaultCode::TimeExhausted => Some(format!(
            "a call may take {} ms; look for a loop without an end",
            limits.time.as_millis()
        )),
        FaultCode::MemoryExhausted => Some(format!(
            "a call may have {} KiB of memory and {} entries in tables",
            limits.memory_bytes >> 10,
            limits.table_elements
        )),
        FaultCode::StackExhausted => {
            Some("look for a function that calls itself without an end".into())
        }
        FaultCode::OutputTooLarge => Some(format!(
            "an answer may have {} KiB",
            limits.output_bytes >> 10
        )),
        FaultCode::OutputMalformed => Some(
            "the answer isn't of the hook's type; no rule does that, but bindings that don't fit this contract: build the plugin anew with its SDK"
                .into(),
        ),
        FaultCode::Trap
        | FaultCode::InputTooLarge
        | FaultCode::DecisionInvalid
        | FaultCode::ComponentUnavailable
        | FaultCode::BreakerOpen
        | FaultCode::HostFailed => None,
    }
}

/// A text that does a terminal no harm, cut at `limit` bytes.
fn printable(text: &str, limit: usize, lines: bool) -> String {
    let mut clean = String::with_capacity(text.len().min(limit));
    for character in text.chars() {
        let character = match character {
            '\n' if lines => '\n',
            other if is_harmful(other) => '\u{fffd}',
            other => other,
        };
        if clean.len() + character.len_utf8() > limit {
            break;
        }
        clean.push(character);
    }
    clean
}

/// Control characters, and those that turn the direction of a text around.
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl Guest {
    /// The whole configuration.
    pub(crate) fn config(&self) -> &str {
        &self.config
    }

    /// Keeps a line of the log while there is room.
    pub(crate) fn log(&mut self, level: &'static str, message: &str) {
        // Each line counts with its level, so that empty lines end too.
        let Some(room) = self.log_bytes_left.checked_sub(level.len() + 2) else {
            return;
        };
        let message = printable(message, room, false);
        self.log_bytes_left = room - message.len();
        self.logs.push(format!("{level}: {message}"));
    }
}

struct Limiter {
    memory: usize,
    max_memory: usize,
    max_table: usize,
    refused: bool,
}

impl Limiter {
    fn new(limits: &Limits) -> Self {
        Self {
            memory: 0,
            max_memory: limits.memory_bytes,
            max_table: limits.table_elements,
            refused: false,
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = self.memory.saturating_sub(current).saturating_add(desired);
        if wanted > self.max_memory {
            self.refused = true;
            return Ok(false);
        }
        self.memory = wanted;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let fits = desired <= self.max_table;
        self.refused |= !fits;
        Ok(fits)
    }

    fn instances(&self) -> usize {
        8
    }

    fn memories(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        2
    }
}
