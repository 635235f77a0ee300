//! Whether, when, where and in which words a message goes out.

use postlude_plugin_sdk::notification_policy::{
    Action, CallContext, Channel, ChannelState, Decision, Dispatch, Facts, Preference, Priority,
    Purpose, Reason,
};

use crate::{settings::Settings, wording};

/// Microseconds of a day.
pub const DAY_MICROS: i64 = 86_400_000_000;

/// What happens with a message.
#[must_use]
pub fn decide(context: &CallContext, facts: &Facts, settings: &Settings) -> Decision {
    let message = &facts.message;
    if settings.suppressed_journeys.contains(&message.journey) {
        return suppress(
            "JOURNEY_SUPPRESSED",
            "The shop doesn't send messages of this journey.",
        );
    }
    let channels = channels(facts, settings);
    if channels.is_empty() {
        return suppress(
            "NO_CHANNEL",
            "No channel that the shop uses for this may be used with this customer.",
        );
    }
    if message.purpose == Purpose::Marketing
        && let Some(capped) = above_cap(context, facts, settings)
    {
        return capped;
    }
    let own = settings.journey(&message.journey);
    let priority = own.and_then(|journey| journey.priority).unwrap_or(
        // What the customer waits for goes out by itself; the rest can share a letter.
        match message.purpose {
            Purpose::Transactional => Priority::Normal,
            Purpose::Marketing => Priority::Digest,
        },
    );
    let overrides = wording::overrides(&facts.recipient.locale, &message.variables_json, settings);
    let mut reasons = vec![if own.is_some_and(|journey| journey.channels.is_some()) {
        Reason::new("JOURNEY_CHANNELS", "The shop's channels for this journey.")
    } else {
        Reason::new(
            "PURPOSE_CHANNELS",
            match message.purpose {
                Purpose::Transactional => "The shop's channels for what a customer waits for.",
                Purpose::Marketing => "The shop's channels for marketing.",
            },
        )
    }];
    if priority == Priority::Digest {
        reasons.push(Reason::new("CAN_WAIT", "It can wait for the next digest."));
    }
    if !overrides.is_empty() {
        reasons.push(Reason::new("WORDING", "The shop's own, or calmer, words."));
    }
    Decision {
        action: Action::Send(Dispatch {
            channels,
            template_variant: own.and_then(|journey| journey.template_variant.clone()),
            overrides,
            priority,
        }),
        reasons,
    }
}

/// Channels of the shop that may be used with this customer, the customer's own first if the shop
/// wants that.
fn channels(facts: &Facts, settings: &Settings) -> Vec<Channel> {
    let message = &facts.message;
    let wanted = settings
        .journey(&message.journey)
        .and_then(|journey| journey.channels.as_deref())
        .unwrap_or_else(|| settings.channels(message.purpose));
    let usable: Vec<&ChannelState> = wanted
        .iter()
        .filter_map(|channel| {
            let states = &facts.recipient.channels;
            states.iter().find(|state| state.channel == *channel)
        })
        .filter(|state| {
            state.may_carry(message.purpose)
                && state.preference != Preference::OptedOut
                && is_worth(state.channel, facts, settings)
        })
        .collect();
    let liked =
        |state: &&&ChannelState| settings.customer_first && state.preference == Preference::OptedIn;
    let first = usable.iter().filter(liked);
    let rest = usable.iter().filter(|state| !liked(state));
    first.chain(rest).map(|state| state.channel).collect()
}

/// Whether the order is worth a channel that isn't for every order.
fn is_worth(channel: Channel, facts: &Facts, settings: &Settings) -> bool {
    let limit = settings
        .order_value_at_least
        .iter()
        .find(|(limited, _)| *limited == channel);
    let Some((_, least)) = limit else {
        return true;
    };
    facts.message.order_value.as_ref().is_some_and(|value| {
        least
            .get(&value.currency_code)
            .is_some_and(|least| value.amount_minor >= least)
    })
}

/// What becomes of marketing to a customer who has had enough of it.
fn above_cap(context: &CallContext, facts: &Facts, settings: &Settings) -> Option<Decision> {
    let (message, recent) = (&facts.message, &facts.recipient.recent);
    let full = [
        (settings.caps.day, recent.day.marketing, "a day"),
        (settings.caps.week, recent.week.marketing, "7 days"),
        (settings.caps.month, recent.month.marketing, "30 days"),
    ];
    let (cap, span) = full
        .into_iter()
        .find_map(|(cap, sent, span)| cap.filter(|cap| sent >= *cap).map(|cap| (cap, span)))?;
    let until = context.now_micros.saturating_add(DAY_MICROS);
    let latest = message
        .due_micros
        .saturating_add(i64::from(settings.hold_days).saturating_mul(DAY_MICROS));
    let expires = message.expires_micros.unwrap_or(i64::MAX);
    if until > latest || until >= expires {
        return Some(suppress(
            "CAP_REACHED",
            &format!("{cap} marketing messages in {span}, and this one can't wait any longer."),
        ));
    }
    Some(Decision {
        action: Action::HoldUntil(until),
        reasons: vec![Reason::new(
            "CAP_REACHED",
            format!("{cap} marketing messages in {span}: it waits a day."),
        )],
    })
}

fn suppress(code: &str, text: &str) -> Decision {
    Decision {
        action: Action::Suppress,
        reasons: vec![Reason::new(code, text)],
    }
}
