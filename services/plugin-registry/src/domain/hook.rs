//! The hooks that a plugin can answer: which service asks each, and what that does without an answer.
//!
//! A line in [`HOOKS`] is all that the registry knows of a hook; what a component must export for it is
//! the plugin host's to say.

use super::FaultAction;

/// A hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hook {
    /// Its name, as in manifests, bindings and runs.
    name: &'static str,
    /// The service that asks it, and keeps its runs.
    owner: &'static str,
    /// What is done when a plugin fails that says nothing about it.
    fault_action: FaultAction,
}

const HOOKS: &[Hook] = &[
    // What may come back, and for how much.
    Hook {
        name: "return-policy",
        owner: "returns",
        fault_action: FaultAction::ManualReview,
    },
    // What an order earns, and what happens where there is less to take back.
    Hook {
        name: "loyalty-rules",
        owner: "loyalty",
        fault_action: FaultAction::ManualReview,
    },
    // Whether, when, where and in which words a customer hears of something.
    Hook {
        name: "notification-policy",
        owner: "notifications",
        fault_action: FaultAction::Default,
    },
];

impl Hook {
    /// Every hook.
    pub(crate) const ALL: &[Self] = HOOKS;

    /// Takes a name in.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        HOOKS.iter().copied().find(|hook| hook.name == name)
    }

    /// Its name, as in manifests, bindings and runs.
    pub(crate) const fn name(self) -> &'static str {
        self.name
    }

    /// The service that asks it, and keeps its runs.
    pub(crate) const fn owner(self) -> &'static str {
        self.owner
    }

    /// What is done when a plugin fails that says nothing about it.
    pub(crate) const fn fault_action(self) -> FaultAction {
        self.fault_action
    }

    /// The names of all hooks, for messages.
    pub(crate) fn all_names() -> String {
        let names: Vec<_> = HOOKS.iter().map(|hook| hook.name).collect();
        names.join(", ")
    }
}
