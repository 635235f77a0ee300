//! What a run shall do.

use std::{fmt, str::FromStr, time::Duration};

use super::life::Step;

/// Calls that may be under way at the same time in an open loop, unless the plan says otherwise.
const MOST_IN_FLIGHT: usize = 10_000;

/// What a run shall do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How fast.
    pub pace: Pace,
    /// Which calls, and how often each beside the others. For a rate.
    pub mix: Mix,
    /// How long calls are made and measured.
    pub duration: Duration,
    /// How long calls are made before that and not measured.
    pub warm_up: Duration,
    /// The deadline of each call.
    pub deadline: Duration,
    /// How long a call that may be made again is made again: answered with UNAVAILABLE, with
    /// RESOURCE_EXHAUSTED, or not at all. Zero: never.
    pub patience: Duration,
    /// Calls that may be under way at the same time; what is due beyond isn't made, and counted.
    pub most_in_flight: usize,
    /// Returns that are prepared, for clients: orders that were bought, paid, shipped and delivered.
    pub lives: u64,
    /// With which call a life ends.
    pub until: Step,
    /// Stands in every number that this run makes, so that runs don't meet.
    pub name: String,
    /// Decides which call comes when.
    pub seed: u64,
    /// When the orders were placed and delivered, seconds since 1970. Old enough, a complaint about
    /// the goods needs a person, and so every step of a life is one.
    pub placed_seconds: i64,
}

impl Plan {
    /// A plan with everything that has a usual value.
    #[must_use]
    pub fn new(name: &str, pace: Pace, duration: Duration, now_seconds: i64) -> Self {
        Self {
            pace,
            mix: Mix::default(),
            duration,
            warm_up: Duration::ZERO,
            deadline: Duration::from_secs(10),
            patience: Duration::ZERO,
            most_in_flight: MOST_IN_FLIGHT,
            lives: 1_000,
            until: Step::Refund,
            name: name.to_owned(),
            seed: 1,
            placed_seconds: now_seconds - 100 * 86_400,
        }
    }
}

/// How fast calls are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// So many calls a second, however slow the platform is: an open loop.
    Rate(u32),
    /// So many clients, each with one return's life after the other: a closed loop.
    Clients(u32),
}

/// A kind of call of an open loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The next step of some return's life.
    Life,
    /// GetReturn.
    GetReturn,
    /// GetOrder.
    GetOrder,
    /// ListReturns.
    ListReturns,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::Life,
        Self::GetReturn,
        Self::GetOrder,
        Self::ListReturns,
    ];

    /// The word in a mix.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Life => "life",
            Self::GetReturn => "get-return",
            Self::GetOrder => "get-order",
            Self::ListReturns => "list-returns",
        }
    }
}

/// How often each kind of call is made beside the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix(Vec<(Kind, u32)>);

impl Mix {
    /// The kind at a place that was drawn at random; any number will do.
    pub(crate) fn pick(&self, drawn: u64) -> Kind {
        let total: u64 = self.0.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut left = drawn.checked_rem(total).unwrap_or_default();
        for (kind, weight) in &self.0 {
            if left < u64::from(*weight) {
                return *kind;
            }
            left -= u64::from(*weight);
        }
        Kind::Life
    }

    /// Whether it looks at what is there.
    pub(crate) fn reads(&self) -> bool {
        let mut kinds = self.0.iter();
        kinds.any(|(kind, weight)| *kind != Kind::Life && *weight > 0)
    }
}

impl Default for Mix {
    fn default() -> Self {
        Self(vec![
            (Kind::Life, 1),
            (Kind::GetReturn, 2),
            (Kind::GetOrder, 1),
        ])
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (kind, weight)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}={weight}", kind.name())?;
        }
        Ok(())
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Kind::ALL.map(Kind::name).join(", ");
        let mut mix = Vec::new();
        for part in text.split(',').map(str::trim) {
            let (name, weight) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}` is not CALL=WEIGHT"))?;
            let kind = Kind::ALL
                .into_iter()
                .find(|kind| kind.name() == name.trim())
                .ok_or_else(|| format!("there is no call `{name}`; there is {}", names()))?;
            if mix.iter().any(|(known, _)| *known == kind) {
                return Err(format!("`{name}` stands twice"));
            }
            let weight = weight
                .trim()
                .parse()
                .map_err(|_| format!("`{weight}` is no weight: a whole number from 0"))?;
            mix.push((kind, weight));
        }
        if mix.iter().all(|(_, weight)| *weight == 0) {
            return Err("at least one call needs a weight above 0".to_owned());
        }
        Ok(Self(mix))
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Mix};

    #[test]
    fn a_mix_is_picked_by_weight() -> Result<(), String> {
        let mix: Mix = "life=1,get-return=3".parse()?;
        let picked: Vec<_> = (0..4).map(|drawn| mix.pick(drawn)).collect();
        assert_eq!(
            picked,
            [
                Kind::Life,
                Kind::GetReturn,
                Kind::GetReturn,
                Kind::GetReturn
            ]
        );
        assert_eq!(mix.to_string(), "life=1,get-return=3");
        Ok(())
    }

    #[test]
    fn a_mix_that_is_none_says_why() {
        for (text, why) in [
            ("life", "`life` is not CALL=WEIGHT"),
            (
                "love=1",
                "there is no call `love`; there is life, get-return, get-order, list-returns",
            ),
            ("life=-1", "`-1` is no weight: a whole number from 0"),
            ("life=0", "at least one call needs a weight above 0"),
            ("life=1,life=2", "`life` stands twice"),
        ] {
            assert_eq!(text.parse::<Mix>(), Err(why.to_owned()));
        }
    }
}
