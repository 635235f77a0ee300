//! A plugin in service: who answers a hook after a command.

use postlude_kernel::Timestamp;

use super::{Hook, Version};

/// What a binding does when its plugin fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultAction {
    /// Use the built-in answer.
    Default,
    /// Refuse.
    FailClosed,
    /// Let a person decide.
    ManualReview,
    /// Ask what answered before.
    PreviousGeneration,
}

impl FaultAction {
    /// Every action.
    pub(crate) const ALL: [Self; 4] = [
        Self::Default,
        Self::FailClosed,
        Self::ManualReview,
        Self::PreviousGeneration,
    ];

    /// Takes a manifest's or a column's word in.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == text)
    }

    /// The word.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::FailClosed => "fail-closed",
            Self::ManualReview => "manual-review",
            Self::PreviousGeneration => "previous-generation",
        }
    }
}

/// Whether an installation answers its hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It answers.
    Active,
    /// It was taken out of service.
    Disabled,
    /// Another plugin took a hook over.
    Superseded,
}

/// A plugin in service. A tenant has one per plugin, whatever its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installation {
    /// The plugin.
    pub(crate) plugin_id: String,
    /// The version in service.
    pub(crate) version: Version,
    /// Digest of its component.
    pub(crate) component_digest: String,
    /// The hooks it answers.
    pub(crate) hooks: Vec<Hook>,
    /// Its configuration, canonical JSON.
    pub(crate) config: String,
    /// Digest of the configuration.
    pub(crate) config_digest: String,
    /// The tenant's generation that made it what it is.
    pub(crate) generation: i64,
    /// Whether it answers.
    pub(crate) state: State,
    /// What happens when it fails.
    pub(crate) fault_action: FaultAction,
    /// Counts its changes, from 1.
    pub(crate) revision: i64,
    /// When it last changed.
    pub(crate) update_time: Timestamp,
}

/// What is to be put into service.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) plugin_id: String,
    pub(crate) version: Version,
    pub(crate) component_digest: String,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) config: String,
    pub(crate) config_digest: String,
    pub(crate) fault_action: FaultAction,
}

impl Installation {
    /// The same again, whatever is in service now.
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted {
            plugin_id: self.plugin_id.clone(),
            version: self.version,
            component_digest: self.component_digest.clone(),
            hooks: self.hooks.clone(),
            config: self.config.clone(),
            config_digest: self.config_digest.clone(),
            fault_action: self.fault_action,
        }
    }

    /// Whether both would answer alike.
    fn answers_like(&self, other: &Self) -> bool {
        self.component_digest == other.component_digest
            && self.version == other.version
            && self.config_digest == other.config_digest
            && self.fault_action == other.fault_action
    }
}

/// Why a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// An older version than the one in service.
    #[error("version {installed} is in service; {wanted} is older")]
    Downgrade { installed: Version, wanted: Version },
    /// The plugin isn't in service.
    #[error("the plugin is not in service")]
    NotInstalled,
}

/// Puts a version into service: the installations that change, the wanted one first.
///
/// What is in service already with the same version and configuration changes nothing.
///
/// # Errors
/// [`Refused::Downgrade`] unless `allow_downgrade`.
pub(crate) fn install(
    all: &[Installation],
    wanted: Wanted,
    allow_downgrade: bool,
    now: Timestamp,
) -> Result<Vec<Installation>, Refused> {
    let current = all.iter().find(|one| one.plugin_id == wanted.plugin_id);
    if let Some(current) = current {
        if wanted.version < current.version && !allow_downgrade {
            return Err(Refused::Downgrade {
                installed: current.version,
                wanted: wanted.version,
            });
        }
        let same = current.state == State::Active
            && current.version == wanted.version
            && current.config_digest == wanted.config_digest
            && current.fault_action == wanted.fault_action;
        if same {
            return Ok(Vec::new());
        }
    }
    let mut generation = newest(all) + 1;
    let superseded: Vec<Installation> = all
        .iter()
        .filter(|one| {
            one.state == State::Active
                && one.plugin_id != wanted.plugin_id
                && one.hooks.iter().any(|hook| wanted.hooks.contains(hook))
        })
        .map(|one| {
            generation += 1;
            changed(one, State::Superseded, generation - 1, now)
        })
        .collect();
    let mut changes = vec![Installation {
        plugin_id: wanted.plugin_id,
        version: wanted.version,
        component_digest: wanted.component_digest,
        hooks: wanted.hooks,
        config: wanted.config,
        config_digest: wanted.config_digest,
        generation,
        state: State::Active,
        fault_action: wanted.fault_action,
        revision: current.map_or(0, |one| one.revision) + 1,
        update_time: now,
    }];
    changes.extend(superseded);
    Ok(changes)
}

/// What a rollback brings back where nobody says which: what answered otherwise before `current`. Of a
/// plugin that doesn't answer now, what answered last. `history` is newest first.
pub(crate) fn before<'a>(
    current: &Installation,
    history: &'a [Installation],
) -> Option<&'a Installation> {
    history
        .iter()
        .filter(|one| one.generation < current.generation)
        .find(|one| current.state != State::Active || !one.answers_like(current))
}

/// Who answers in the place of `current` when it fails: what was in service before with other code or
/// another configuration. `history` is newest first.
pub(crate) fn stand_in<'a>(
    current: &Installation,
    history: &'a [Installation],
) -> Option<&'a Installation> {
    history.iter().find(|one| {
        one.generation < current.generation
            && (one.component_digest != current.component_digest
                || one.config_digest != current.config_digest)
    })
}

/// Gives an installed plugin another configuration; `None` if that changes nothing.
///
/// # Errors
/// [`Refused::NotInstalled`] if it doesn't answer now.
pub(crate) fn configure(
    all: &[Installation],
    plugin_id: &str,
    config: String,
    config_digest: String,
    fault_action: Option<FaultAction>,
    now: Timestamp,
) -> Result<Option<Installation>, Refused> {
    let current = active(all, plugin_id)?;
    let fault_action = fault_action.unwrap_or(current.fault_action);
    if current.config_digest == config_digest && current.fault_action == fault_action {
        return Ok(None);
    }
    let mut next = changed(current, State::Active, newest(all) + 1, now);
    next.config = config;
    next.config_digest = config_digest;
    next.fault_action = fault_action;
    Ok(Some(next))
}

/// Takes a plugin out of service; `None` if it is already.
///
/// # Errors
/// [`Refused::NotInstalled`] if it never was in service or another plugin took over.
pub(crate) fn disable(
    all: &[Installation],
    plugin_id: &str,
    now: Timestamp,
) -> Result<Option<Installation>, Refused> {
    let off = |one: &&Installation| one.plugin_id == plugin_id && one.state == State::Disabled;
    if all.iter().any(|one| off(&one)) {
        return Ok(None);
    }
    let current = active(all, plugin_id)?;
    Ok(Some(changed(
        current,
        State::Disabled,
        newest(all) + 1,
        now,
    )))
}

fn active<'a>(all: &'a [Installation], plugin_id: &str) -> Result<&'a Installation, Refused> {
    all.iter()
        .find(|one| one.plugin_id == plugin_id && one.state == State::Active)
        .ok_or(Refused::NotInstalled)
}

/// The tenant's newest generation; 0 if it never had a plugin.
fn newest(all: &[Installation]) -> i64 {
    all.iter().map(|one| one.generation).max().unwrap_or(0)
}

fn changed(one: &Installation, state: State, generation: i64, now: Timestamp) -> Installation {
    Installation {
        state,
        generation,
        revision: one.revision + 1,
        update_time: now,
        ..one.clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test may fail loudly"
    )]

    use super::*;

    const NOW: Timestamp = Timestamp::EPOCH;

    fn wanted(plugin_id: &str, version: &str, config: &str) -> Wanted {
        Wanted {
            plugin_id: plugin_id.to_owned(),
            version: Version::parse(version).unwrap(),
            component_digest: format!("digest of {plugin_id} {version}"),
            hooks: vec![Hook::parse("return-policy").unwrap()],
            config: config.to_owned(),
            config_digest: format!("digest of {config}"),
            fault_action: FaultAction::ManualReview,
        }
    }

    fn put(all: &mut Vec<Installation>, changes: Vec<Installation>) {
        for change in changes {
            all.retain(|one| one.plugin_id != change.plugin_id);
            all.push(change);
        }
    }

    #[test]
    fn a_hook_has_one_active_installation() {
        let mut all = Vec::new();
        let first = install(&all, wanted("a", "1.0.0", "{}"), false, NOW).unwrap();
        put(&mut all, first);
        let second = install(&all, wanted("b", "1.0.0", "{}"), false, NOW).unwrap();
        assert_eq!(second[0].plugin_id, "b");
        assert_eq!(second[1].state, State::Superseded);
        put(&mut all, second);
        let active = all.iter().filter(|one| one.state == State::Active).count();
        assert_eq!(active, 1);
        let generations: Vec<_> = all.iter().map(|one| one.generation).collect();
        assert_eq!(generations, [3, 2], "consecutive, the answering one newest");
    }

    #[test]
    fn the_same_again_changes_nothing() {
        let mut all = Vec::new();
        let first = install(&all, wanted("a", "1.0.0", "{}"), false, NOW).unwrap();
        put(&mut all, first);
        assert!(
            install(&all, wanted("a", "1.0.0", "{}"), false, NOW)
                .unwrap()
                .is_empty()
        );
        let config = |text: &str| (text.to_owned(), format!("digest of {text}"));
        let (same, digest) = config("{}");
        assert_eq!(configure(&all, "a", same, digest, None, NOW), Ok(None));
        let (other, digest) = config("{1}");
        let next = configure(&all, "a", other, digest, None, NOW)
            .unwrap()
            .unwrap();
        assert_eq!((next.generation, next.revision), (2, 2));
    }

    #[test]
    fn refuses_a_downgrade_unless_asked() {
        let mut all = Vec::new();
        put(
            &mut all,
            install(&[], wanted("a", "1.10.0", "{}"), false, NOW).unwrap(),
        );
        let older = wanted("a", "1.9.0", "{}");
        assert!(matches!(
            install(&all, older.clone(), false, NOW),
            Err(Refused::Downgrade { .. })
        ));
        assert_eq!(install(&all, older, true, NOW).unwrap().len(), 1);
    }

    #[test]
    fn goes_back_to_what_answered_otherwise_before() {
        let mut all = Vec::new();
        let mut history = Vec::new();
        for config in ["{}", "{1}"] {
            let next = install(&all, wanted("a", "1.0.0", config), false, NOW).unwrap();
            history.insert(0, next[0].clone());
            put(&mut all, next);
        }
        let back = before(&all[0], &history).unwrap().wanted();
        assert_eq!(back.config, "{}");
        let next = install(&all, back, true, NOW).unwrap();
        assert_eq!(next[0].generation, 3, "a change like any other");
        history.insert(0, next[0].clone());
        put(&mut all, next);
        let again = before(&all[0], &history).unwrap();
        assert_eq!(again.config, "{1}", "a rollback is rolled back");
        assert_eq!(
            before(&history[2], &history),
            None,
            "nothing before the first"
        );
        let off = disable(&all, "a", NOW).unwrap().unwrap();
        assert_eq!(before(&off, &history).unwrap().generation, 3);
    }

    #[test]
    fn disables_once_and_comes_back() {
        let mut all = Vec::new();
        assert_eq!(disable(&all, "a", NOW), Err(Refused::NotInstalled));
        put(
            &mut all,
            install(&[], wanted("a", "1.0.0", "{}"), false, NOW).unwrap(),
        );
        let off = disable(&all, "a", NOW).unwrap().unwrap();
        put(&mut all, vec![off]);
        assert_eq!(disable(&all, "a", NOW), Ok(None));
        let back = install(&all, wanted("a", "1.0.0", "{}"), false, NOW).unwrap();
        assert_eq!(back[0].state, State::Active);
        assert_eq!(back[0].revision, 3);
    }
}
