//! Consent: what a customer agreed to, by channel and purpose. The history is kept whole.

use std::collections::BTreeMap;

use postlude_kernel::Timestamp;

/// By which way messages come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ConsentChannel {
    Email,
    Sms,
    Push,
    InApp,
}

/// What messages are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    Marketing,
    Profiling,
}

/// One giving or withdrawal, with its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Consent {
    pub(crate) channel: ConsentChannel,
    pub(crate) purpose: Purpose,
    pub(crate) granted: bool,
    pub(crate) source: String,
    pub(crate) text_shown: String,
    pub(crate) occurred_time: Timestamp,
}

/// What holds now, out of a history in any order: the latest by its own time, one per channel and
/// purpose. Of two at the same time the withdrawal holds; of two that say the same, the first.
pub(crate) fn latest(history: &[Consent]) -> Vec<Consent> {
    let mut latest: BTreeMap<(ConsentChannel, Purpose), &Consent> = BTreeMap::new();
    for consent in history {
        let key = (consent.channel, consent.purpose);
        let holds = latest
            .get(&key)
            .is_none_or(|held| weight(consent) > weight(held));
        if holds {
            latest.insert(key, consent);
        }
    }
    latest.into_values().cloned().collect()
}

fn weight(consent: &Consent) -> (Timestamp, bool) {
    (consent.occurred_time, !consent.granted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::at;

    fn email(granted: bool, second: i64, source: &str) -> Consent {
        Consent {
            channel: ConsentChannel::Email,
            purpose: Purpose::Marketing,
            granted,
            source: source.to_owned(),
            text_shown: "Offers by email".to_owned(),
            occurred_time: at(second),
        }
    }

    #[test]
    fn the_latest_by_its_own_time_holds() {
        let history = [
            email(true, 10, "checkout"),
            email(false, 30, "link"),
            email(true, 20, "shop"),
        ];
        assert_eq!(latest(&history), [email(false, 30, "link")]);
    }

    #[test]
    fn the_withdrawal_holds_when_both_have_one_time() {
        let (given, withdrawn) = (email(true, 10, "checkout"), email(false, 10, "link"));
        for history in [
            [given.clone(), withdrawn.clone()],
            [withdrawn.clone(), given],
        ] {
            assert_eq!(latest(&history), std::slice::from_ref(&withdrawn));
        }
    }

    #[test]
    fn channels_and_purposes_are_apart() {
        let mut profiling = email(false, 5, "link");
        profiling.purpose = Purpose::Profiling;
        let mut sms = email(true, 1, "shop");
        sms.channel = ConsentChannel::Sms;
        assert_eq!(latest(&[sms, profiling, email(true, 10, "shop")]).len(), 3);
    }
}
