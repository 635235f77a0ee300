//! The words that everything else is written in: time, ids, money, tenants, kinds of errors.
//!
//! Does no IO and knows no transport, no database and no service. The only place that reads the
//! machine's clock and its randomness is [`clock`].

pub mod clock;
pub mod fault;
pub mod id;
pub mod money;
pub mod tenant;
pub mod time;

pub use clock::{Clock, IdSource, ManualClock, SeededIds, SystemClock, SystemIds};
pub use fault::{Fault, FaultKind, FieldViolation};
pub use id::IdError;
pub use money::{Currency, Money, MoneyError};
pub use tenant::{TenantError, TenantId};
pub use time::{Timestamp, TimestampError};
