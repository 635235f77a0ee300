//! The section `[returns]`: what an operator may set, with defaults that need no setting.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::window::TransitAllowance;

/// How returns works on this platform. What a tenant may set is in its `ReturnSettings`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Minutes that a quote holds. 30: long enough to read it, too short for prices to drift.
    pub(crate) quote_minutes: u32,
    /// Days after acceptance in which the goods must be on their way. 14: what the law gives a
    /// consumer who withdraws.
    pub(crate) send_back_days: u32,
    /// Days after shipping at which a parcel that nobody confirmed counts as delivered. 10: slower
    /// than nearly every parcel, so that nobody's window begins too early.
    pub(crate) transit_allowance_days: u32,
    /// Minutes between two questions to a payment system that said "pending". 60: it is the same
    /// command with the same key, so asking is cheap, and nobody's money waits for a minute.
    pub(crate) refund_reconcile_minutes: u32,
    /// Milliseconds on the wall that a policy may take. 250: a thousand times what one needs; fuel ends
    /// a busy loop long before.
    pub(crate) policy_time_millis: u32,
    /// Days without a scan after which a parcel on its way back counts as lost. 21: carriers close
    /// their own searches within three weeks.
    pub(crate) lost_after_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            quote_minutes: 30,
            send_back_days: 14,
            transit_allowance_days: 10,
            refund_reconcile_minutes: 60,
            policy_time_millis: 250,
            lost_after_days: 21,
        }
    }
}

impl Config {
    pub(crate) fn quote_life(&self) -> Duration {
        Duration::from_secs(u64::from(self.quote_minutes) * 60)
    }

    pub(crate) fn refund_reconcile(&self) -> Duration {
        Duration::from_secs(u64::from(self.refund_reconcile_minutes) * 60)
    }

    pub(crate) fn policy_time(&self) -> Duration {
        Duration::from_millis(u64::from(self.policy_time_millis))
    }

    pub(crate) fn allowance(&self) -> TransitAllowance {
        TransitAllowance {
            days: i64::from(self.transit_allowance_days),
        }
    }
}
