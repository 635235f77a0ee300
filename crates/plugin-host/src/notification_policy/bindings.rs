//! What `bindgen!` makes of the contract.

use crate::{
    sandbox::Guest,
    shared::{bind, contract},
};

bind!(
    "../../plugins/wit/postlude-notification-policy",
    "postlude:notification-policy/notification-policy",
    NotificationPolicy,
    NotificationPolicyPre
);

pub(super) use generated::postlude::notification_policy::types as wit;

/// The contract's own text.
pub(super) const CONTRACT: &str = contract!("postlude-notification-policy/notification-policy.wit");

impl generated::postlude::notification_policy::types::Host for Guest {}
