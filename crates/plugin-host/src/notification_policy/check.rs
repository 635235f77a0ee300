//! The rules that an answer must keep, whoever wrote the plugin.
//!
//! A broken rule is a fault of the plugin: the error names the field and the rule.

use postlude_kernel::Timestamp;
use postlude_proto::runs::v1::{
    NotificationPolicyDecision, NotificationPolicyDispatch, NotificationPolicyOverride,
    notification_policy_channel_state::Channel as ChannelMessage,
    notification_policy_decision::Action as ActionMessage,
    notification_policy_dispatch::Priority as PriorityMessage,
};

use super::types::{
    Action, Channel, ChannelState, Decision, Dispatch, Facts, Override, Priority, Purpose,
};
use crate::{
    check::{Broken, broken, reasons},
    context::CallContext,
};

/// A message is held for 30 days at most.
const MAX_HOLD_MICROS: i64 = 30 * 86_400_000_000;
const MAX_OVERRIDES: usize = 32;
const MAX_NAME_BYTES: usize = 64;
const MAX_TEXT_BYTES: usize = 2_048;
const MAX_VARIANT_BYTES: usize = 40;

/// A decision as it may be used: where the message may go, and soon enough.
pub(super) fn decision(
    context: &CallContext,
    facts: &Facts,
    said: NotificationPolicyDecision,
) -> Result<Decision, Broken> {
    let action = match said.action {
        Some(ActionMessage::Send(said)) => Action::Send(dispatch(facts, said)?),
        Some(ActionMessage::HoldUntilMicros(micros)) => {
            Action::HoldUntil(hold_until(context, Timestamp::from_micros(micros))?)
        }
        Some(ActionMessage::Suppress(_)) => Action::Suppress,
        None => return broken("action", "is missing"),
    };
    Ok(Decision {
        action,
        reasons: reasons("reasons", said.reasons)?,
    })
}

fn hold_until(context: &CallContext, until: Timestamp) -> Result<Timestamp, Broken> {
    let now = context.now;
    if until < now {
        return broken("hold_until", format!("is {until}, and it is {now} already"));
    }
    let last = Timestamp::from_micros(now.as_micros().saturating_add(MAX_HOLD_MICROS));
    if until > last {
        return broken(
            "hold_until",
            format!("is {until}, and a message is held until {last} at most"),
        );
    }
    Ok(until)
}

fn dispatch(facts: &Facts, said: NotificationPolicyDispatch) -> Result<Dispatch, Broken> {
    let mut channels: Vec<Channel> = Vec::with_capacity(said.channels.len());
    for (index, said) in said.channels().enumerate() {
        let at = format!("send.channels[{index}]");
        let Some(channel) = channel(said) else {
            return broken(at, "isn't known");
        };
        if channels.contains(&channel) {
            return broken(at, format!("is `{}` once more", channel.as_str()));
        }
        let state = facts
            .recipient
            .channels
            .iter()
            .find(|state| state.channel == channel);
        if !state.is_some_and(|state| state.may_carry(facts.message.purpose)) {
            return broken(
                at,
                format!(
                    "is `{}`, {}",
                    channel.as_str(),
                    obstacle(facts.message.purpose, state)
                ),
            );
        }
        channels.push(channel);
    }
    if channels.is_empty() {
        return broken("send.channels", "is empty: what isn't sent is suppressed");
    }
    let priority = match said.priority() {
        PriorityMessage::Immediate => Priority::Immediate,
        PriorityMessage::Normal => Priority::Normal,
        PriorityMessage::Digest => Priority::Digest,
        PriorityMessage::Unspecified => return broken("send.priority", "isn't known"),
    };
    if let Some(variant) = &said.template_variant {
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if variant.is_empty() || variant.len() > MAX_VARIANT_BYTES || !variant.bytes().all(plain) {
            return broken(
                "send.template_variant",
                format!("isn't 1 to {MAX_VARIANT_BYTES} characters out of a-z, 0-9 and -"),
            );
        }
    }
    Ok(Dispatch {
        channels,
        template_variant: said.template_variant,
        overrides: overrides(said.overrides)?,
        priority,
    })
}

/// Why a message may not go there.
fn obstacle(purpose: Purpose, state: Option<&ChannelState>) -> &'static str {
    match (purpose, state) {
        (_, None) => "which the customer doesn't have",
        (_, Some(state)) if !state.reachable => "on which the customer can't be reached",
        (Purpose::Transactional, Some(_)) => "whose address doesn't exist",
        (Purpose::Marketing, Some(_)) => {
            "which may not carry marketing: no consent, suppressed, or not wanted"
        }
    }
}

fn channel(said: ChannelMessage) -> Option<Channel> {
    match said {
        ChannelMessage::Email => Some(Channel::Email),
        ChannelMessage::Sms => Some(Channel::Sms),
        ChannelMessage::Push => Some(Channel::Push),
        ChannelMessage::InApp => Some(Channel::InApp),
        ChannelMessage::Webhook => Some(Channel::Webhook),
        ChannelMessage::Unspecified => None,
    }
}

fn overrides(said: Vec<NotificationPolicyOverride>) -> Result<Vec<Override>, Broken> {
    if said.len() > MAX_OVERRIDES {
        return broken(
            "send.overrides",
            format!("has {} entries, and {MAX_OVERRIDES} at most", said.len()),
        );
    }
    let mut kept: Vec<Override> = Vec::with_capacity(said.len());
    for (index, said) in said.into_iter().enumerate() {
        let at = format!("send.overrides[{index}]");
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        if said.name.is_empty() || said.name.len() > MAX_NAME_BYTES || !said.name.bytes().all(plain)
        {
            return broken(
                format!("{at}.name"),
                format!("isn't 1 to {MAX_NAME_BYTES} characters out of a-z, 0-9 and _"),
            );
        }
        if kept.iter().any(|one| one.name == said.name) {
            return broken(
                format!("{at}.name"),
                format!("is `{}` once more", said.name),
            );
        }
        let control = |character: char| character.is_control() && character != '\n';
        if said.text.len() > MAX_TEXT_BYTES || said.text.chars().any(control) {
            return broken(
                format!("{at}.text"),
                format!(
                    "isn't a text of {MAX_TEXT_BYTES} bytes at most without control characters"
                ),
            );
        }
        kept.push(Override {
            name: said.name,
            text: said.text,
        });
    }
    Ok(kept)
}
