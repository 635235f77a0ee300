//! Facts → messages, the recorded form.

use postlude_kernel::Timestamp;
use postlude_proto::{
    runs::v1::{
        NotificationPolicyChannelState, NotificationPolicyCounts, NotificationPolicyFacts,
        NotificationPolicyMessage, NotificationPolicyRecent, NotificationPolicyRecipient,
        NotificationPolicySubject,
        notification_policy_channel_state::{
            Channel as ChannelMessage, Consent as ConsentMessage, Preference as PreferenceMessage,
            Suppression as SuppressionMessage,
        },
        notification_policy_message::Purpose as PurposeMessage,
    },
    r#type::v1::Money,
};

use super::types::{
    Channel, ChannelState, Consent, Counts, Facts, Message, Preference, Purpose, Suppression,
};

pub(super) fn facts(facts: &Facts) -> NotificationPolicyFacts {
    let recipient = &facts.recipient;
    NotificationPolicyFacts {
        message: Some(message(&facts.message)),
        recipient: Some(NotificationPolicyRecipient {
            locale: recipient.locale.clone(),
            channels: recipient.channels.iter().map(channel_state).collect(),
            recent: Some(NotificationPolicyRecent {
                day: Some(counts(recipient.recent.day)),
                week: Some(counts(recipient.recent.week)),
                month: Some(counts(recipient.recent.month)),
            }),
        }),
    }
}

fn message(message: &Message) -> NotificationPolicyMessage {
    NotificationPolicyMessage {
        journey: message.journey.clone(),
        purpose: match message.purpose {
            Purpose::Transactional => PurposeMessage::Transactional,
            Purpose::Marketing => PurposeMessage::Marketing,
        }
        .into(),
        event_type: message.event_type.clone(),
        subjects: message
            .subjects
            .iter()
            .map(|subject| NotificationPolicySubject {
                kind: subject.kind.clone(),
                id: subject.id.clone(),
            })
            .collect(),
        variables_json: message.variables_json.clone(),
        due_micros: message.due.as_micros(),
        expires_micros: message.expires.map(Timestamp::as_micros),
        order_value: message.order_value.map(|value| Money {
            currency_code: value.currency.as_str().to_owned(),
            amount_minor: value.amount_minor,
        }),
    }
}

fn channel_state(state: &ChannelState) -> NotificationPolicyChannelState {
    NotificationPolicyChannelState {
        channel: match state.channel {
            Channel::Email => ChannelMessage::Email,
            Channel::Sms => ChannelMessage::Sms,
            Channel::Push => ChannelMessage::Push,
            Channel::InApp => ChannelMessage::InApp,
            Channel::Webhook => ChannelMessage::Webhook,
        }
        .into(),
        reachable: state.reachable,
        consent: match state.consent {
            Consent::Granted => ConsentMessage::Granted,
            Consent::Denied => ConsentMessage::Denied,
            Consent::Unknown => ConsentMessage::Unspecified,
        }
        .into(),
        preference: match state.preference {
            Preference::OptedIn => PreferenceMessage::OptedIn,
            Preference::OptedOut => PreferenceMessage::OptedOut,
            Preference::Unset => PreferenceMessage::Unspecified,
        }
        .into(),
        suppression: match state.suppression {
            Suppression::None => SuppressionMessage::Unspecified,
            Suppression::Unsubscribed => SuppressionMessage::Unsubscribed,
            Suppression::Complained => SuppressionMessage::Complained,
            Suppression::HardBounced => SuppressionMessage::HardBounced,
        }
        .into(),
    }
}

fn counts(counts: Counts) -> NotificationPolicyCounts {
    NotificationPolicyCounts {
        transactional: counts.transactional,
        marketing: counts.marketing,
    }
}
