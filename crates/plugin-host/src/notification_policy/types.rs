//! Facts and answers as the deciding service writes and reads them.

use postlude_kernel::{Money, Timestamp};

use crate::context::Reason;

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It belongs to something that the customer asked for: an order, a return.
    Transactional,
    /// Everything else. Needs consent.
    Marketing,
}

/// Where a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Electronic mail.
    Email,
    /// Text message.
    Sms,
    /// Notification on a device.
    Push,
    /// The inbox in the retailer's own app or site.
    InApp,
    /// The retailer's own endpoint.
    Webhook,
}

impl Channel {
    /// The channel's name, as messages have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Push => "push",
            Self::InApp => "in-app",
            Self::Webhook => "webhook",
        }
    }
}

/// One thing that a message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What kind of thing: `order`, `line`, `shipment`, `return`, `claim`, `reward`, `article`.
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// The message that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The journey's code, for example `shipment-delivered`.
    pub journey: String,
    /// What it is for.
    pub purpose: Purpose,
    /// The event that caused it; empty where somebody asked for the message.
    pub event_type: String,
    /// What it is about.
    pub subjects: Vec<Subject>,
    /// The template's variables: one JSON object. Equal variables have equal text.
    pub variables_json: String,
    /// When it is due.
    pub due: Timestamp,
    /// When it is no longer worth sending; `None` if it always is.
    pub expires: Option<Timestamp>,
    /// What the order is worth, net and tax; `None` if the message is about no order.
    pub order_value: Option<Money>,
}

/// What the customer agreed to, on one channel, for the message's purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Agreed.
    Granted,
    /// Refused or withdrawn.
    Denied,
    /// Never asked.
    Unknown,
}

/// What the customer likes, on one channel, for messages like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preference {
    /// Wanted.
    OptedIn,
    /// Not wanted.
    OptedOut,
    /// Never said.
    Unset,
}

/// What stands in the way of one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suppression {
    /// Nothing.
    None,
    /// The customer unsubscribed. Stops marketing.
    Unsubscribed,
    /// The customer complained. Stops marketing.
    Complained,
    /// The address doesn't exist. Stops everything.
    HardBounced,
}

/// One channel of the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelState {
    /// The channel.
    pub channel: Channel,
    /// Whether there is an address, and the retailer has the channel and a template for it.
    pub reachable: bool,
    /// What the customer agreed to.
    pub consent: Consent,
    /// What the customer likes.
    pub preference: Preference,
    /// What stands in the way.
    pub suppression: Suppression,
}

impl ChannelState {
    /// Whether a message may go there: what no plugin can change.
    #[must_use]
    pub fn may_carry(&self, purpose: Purpose) -> bool {
        let always = self.reachable && self.suppression != Suppression::HardBounced;
        match purpose {
            Purpose::Transactional => always,
            Purpose::Marketing => {
                always
                    && self.consent == Consent::Granted
                    && self.suppression == Suppression::None
                    && self.preference != Preference::OptedOut
            }
        }
    }
}

/// Messages by what they were for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Transactional ones.
    pub transactional: u32,
    /// Marketing.
    pub marketing: u32,
}

/// What the customer got lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recent {
    /// In the last 24 hours.
    pub day: Counts,
    /// In the last 7 days.
    pub week: Counts,
    /// In the last 30 days.
    pub month: Counts,
}

/// Who gets the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The language of the message: a BCP 47 tag such as `de-AT`.
    pub locale: String,
    /// The customer's channels, the liked ones first, each once.
    pub channels: Vec<ChannelState>,
    /// What the customer got lately.
    pub recent: Recent,
}

/// All that a decision rests on. The customer's clock is in the call's context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The message.
    pub message: Message,
    /// Who gets it.
    pub recipient: Recipient,
}

/// How much a message hurries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// By itself, at once.
    Immediate,
    /// By itself, in its turn.
    Normal,
    /// With others, in the next digest, if the journey has one.
    Digest,
}

/// A text in place of a template's variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The variable: a-z, 0-9 and _.
    pub name: String,
    /// The text, plain: the template escapes it where it has to.
    pub text: String,
}

/// How the message is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    /// Where, at least one, each once: the next one only where the one before can't deliver.
    pub channels: Vec<Channel>,
    /// A variant of the journey's template; `None` for the ordinary one, which is also taken where
    /// the template has no such variant.
    pub template_variant: Option<String>,
    /// Texts in place of the template's variables, each name once.
    pub overrides: Vec<Override>,
    /// How much it hurries.
    pub priority: Priority,
}

/// What happens with the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It is sent.
    Send(Dispatch),
    /// It is asked about again then: not before the call's time, 30 days later at most.
    HoldUntil(Timestamp),
    /// It is never sent.
    Suppress,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What happens with the message.
    pub action: Action,
    /// Why, at least one.
    pub reasons: Vec<Reason>,
}
