//! Messages ↔ what a guest is given and gives.
//!
//! Going in, a message is the host's own or was recorded by it; an enum value that it doesn't know
//! is a record from another contract. Coming out, everything is kept as it was said: judging is
//! `check`'s.

use postlude_proto::runs::v1::{
    NotificationPolicyChannelState, NotificationPolicyCounts, NotificationPolicyDecision,
    NotificationPolicyDispatch, NotificationPolicyFacts, NotificationPolicyMessage,
    NotificationPolicyOverride, NotificationPolicyRecent, NotificationPolicyRecipient,
    NotificationPolicySuppress,
    notification_policy_channel_state::{Channel, Consent, Preference, Suppression},
    notification_policy_decision::Action,
    notification_policy_dispatch::Priority,
    notification_policy_message::Purpose,
};

use super::bindings::wit;
use crate::shared::{Misfit, money, said_reasons};

pub(super) fn facts(facts: &NotificationPolicyFacts) -> Result<wit::Facts, Misfit> {
    Ok(wit::Facts {
        message: message(facts.message.as_ref().ok_or(Misfit("facts.message"))?)?,
        recipient: recipient(facts.recipient.as_ref().ok_or(Misfit("facts.recipient"))?)?,
    })
}

fn message(message: &NotificationPolicyMessage) -> Result<wit::Message, Misfit> {
    Ok(wit::Message {
        journey: message.journey.clone(),
        purpose: match message.purpose() {
            Purpose::Transactional => wit::Purpose::Transactional,
            Purpose::Marketing => wit::Purpose::Marketing,
            Purpose::Unspecified => return Err(Misfit("facts.message.purpose")),
        },
        event_type: message.event_type.clone(),
        subjects: message
            .subjects
            .iter()
            .map(|subject| wit::Subject {
                kind: subject.kind.clone(),
                id: subject.id.clone(),
            })
            .collect(),
        variables_json: message.variables_json.clone(),
        due_micros: message.due_micros,
        expires_micros: message.expires_micros,
        order_value: message.order_value.as_ref().map(money),
    })
}

fn recipient(recipient: &NotificationPolicyRecipient) -> Result<wit::Recipient, Misfit> {
    let recent = recipient.recent.unwrap_or_default();
    Ok(wit::Recipient {
        locale: recipient.locale.clone(),
        channels: recipient
            .channels
            .iter()
            .map(channel_state)
            .collect::<Result<_, _>>()?,
        recent: lately(recent),
    })
}

fn lately(recent: NotificationPolicyRecent) -> wit::Recent {
    wit::Recent {
        day: counts(recent.day),
        week: counts(recent.week),
        month: counts(recent.month),
    }
}

fn counts(counts: Option<NotificationPolicyCounts>) -> wit::Counts {
    let counts = counts.unwrap_or_default();
    wit::Counts {
        transactional: counts.transactional,
        marketing: counts.marketing,
    }
}

fn channel_state(state: &NotificationPolicyChannelState) -> Result<wit::ChannelState, Misfit> {
    Ok(wit::ChannelState {
        channel: match state.channel() {
            Channel::Email => wit::Channel::Email,
            Channel::Sms => wit::Channel::Sms,
            Channel::Push => wit::Channel::Push,
            Channel::InApp => wit::Channel::InApp,
            Channel::Webhook => wit::Channel::Webhook,
            Channel::Unspecified => return Err(Misfit("facts.recipient.channels.channel")),
        },
        reachable: state.reachable,
        consent: match state.consent() {
            Consent::Granted => wit::Consent::Granted,
            Consent::Denied => wit::Consent::Denied,
            Consent::Unspecified => wit::Consent::Unknown,
        },
        preference: match state.preference() {
            Preference::OptedIn => wit::Preference::OptedIn,
            Preference::OptedOut => wit::Preference::OptedOut,
            Preference::Unspecified => wit::Preference::Unset,
        },
        suppression: match state.suppression() {
            Suppression::Unspecified => wit::Suppression::None,
            Suppression::Unsubscribed => wit::Suppression::Unsubscribed,
            Suppression::Complained => wit::Suppression::Complained,
            Suppression::HardBounced => wit::Suppression::HardBounced,
        },
    })
}

pub(super) fn said_decision(decision: wit::Decision) -> NotificationPolicyDecision {
    NotificationPolicyDecision {
        action: Some(match decision.action {
            wit::Action::Send(dispatch) => Action::Send(said_dispatch(dispatch)),
            wit::Action::HoldUntil(micros) => Action::HoldUntilMicros(micros),
            wit::Action::Suppress => Action::Suppress(NotificationPolicySuppress {}),
        }),
        reasons: said_reasons(decision.reasons),
    }
}

fn said_dispatch(dispatch: wit::Dispatch) -> NotificationPolicyDispatch {
    NotificationPolicyDispatch {
        channels: dispatch
            .channels
            .into_iter()
            .map(|channel| {
                match channel {
                    wit::Channel::Email => Channel::Email,
                    wit::Channel::Sms => Channel::Sms,
                    wit::Channel::Push => Channel::Push,
                    wit::Channel::InApp => Channel::InApp,
                    wit::Channel::Webhook => Channel::Webhook,
                }
                .into()
            })
            .collect(),
        template_variant: dispatch.template_variant,
        overrides: dispatch
            .overrides
            .into_iter()
            .map(|one| NotificationPolicyOverride {
                name: one.name,
                text: one.text,
            })
            .collect(),
        priority: match dispatch.priority {
            wit::Priority::Immediate => Priority::Immediate,
            wit::Priority::Normal => Priority::Normal,
            wit::Priority::Digest => Priority::Digest,
        }
        .into(),
    }
}
