//! The hooks that a plugin can answer, and which service asks each.

/// A hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Hook {
    /// What may come back, and for how much.
    ReturnPolicy,
}

impl Hook {
    /// Every hook.
    pub(crate) const ALL: [Self; 1] = [Self::ReturnPolicy];

    /// Takes a name in.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hook| hook.name() == name)
    }

    /// Its name, as in manifests, bindings and runs.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ReturnPolicy => "return-policy",
        }
    }

    /// The world of the contract that a component of this hook is built for.
    pub(crate) const fn world(self) -> &'static str {
        match self {
            Self::ReturnPolicy => "postlude:return-policy/return-policy@1.0.0",
        }
    }

    /// The service that asks it, and keeps its runs.
    pub(crate) const fn owner(self) -> &'static str {
        match self {
            Self::ReturnPolicy => "returns",
        }
    }

    /// The names of all hooks, for messages.
    pub(crate) fn all_names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}
