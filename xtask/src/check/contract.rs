//! What the contracts themselves must say, and the contracts as the other checks read them.

use anyhow::Result;
use regex::Regex;

use super::{Finding, Report, source::Tree};

/// A method.
pub(super) struct Rpc {
    /// `postlude.orders.v1.OrderService`.
    pub(super) service: String,
    /// `GetOrder`.
    pub(super) name: String,
    /// The scope that a caller needs.
    pub(super) scope: Option<String>,
    /// Where it stands.
    pub(super) place: (String, usize),
}

/// An event.
pub(super) struct Event {
    /// `orders`.
    pub(super) domain: String,
    /// `OrderRecorded`.
    pub(super) message: String,
    /// `order-recorded`.
    pub(super) name: String,
    /// Where it stands.
    pub(super) place: (String, usize),
}

/// A reason that a service's comment promises.
pub(super) struct Promise {
    /// `ORDER_NOT_FOUND`.
    pub(super) reason: String,
    /// Where it stands.
    pub(super) place: (String, usize),
}

/// The contracts.
#[derive(Default)]
pub(super) struct Contract {
    pub(super) rpcs: Vec<Rpc>,
    pub(super) events: Vec<Event>,
    pub(super) promises: Vec<Promise>,
}

/// Reads them out of the `.proto` files, as far as the checks need.
pub(super) fn read(tree: &Tree) -> Result<Contract> {
    let package = Regex::new(r"^package\s+([\w.]+);")?;
    let service = Regex::new(r"^service\s+(\w+)")?;
    let rpc = Regex::new(r"^\s*rpc\s+(\w+)\s*\(")?;
    let scope = Regex::new(r#"\(postlude\.options\.v1\.scope\)\s*=\s*"([^"]*)""#)?;
    let message = Regex::new(r"^message\s+(\w+)")?;
    let event = Regex::new(r#"\(postlude\.options\.v1\.event\)\s*=\s*"([^"]*)""#)?;
    let reason = Regex::new(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")?;
    let mut contract = Contract::default();
    for file in tree.files().filter(|file| file.path.ends_with(".proto")) {
        let (mut of, mut in_service, mut in_message) =
            (String::new(), String::new(), String::new());
        let mut promising = false;
        for (number, line) in file.text.lines().enumerate() {
            let place = || (file.path.clone(), number + 1);
            let first = |pattern: &Regex| {
                pattern
                    .captures(line)
                    .and_then(|found| found.get(1))
                    .map(|part| part.as_str().to_owned())
            };
            if let Some(comment) = line.strip_prefix("//") {
                promising |= comment.contains("Error reasons:");
                if promising {
                    contract
                        .promises
                        .extend(reason.find_iter(comment).map(|found| Promise {
                            reason: found.as_str().to_owned(),
                            place: place(),
                        }));
                }
                continue;
            }
            promising = false;
            if let Some(name) = first(&package) {
                of = name;
            } else if let Some(name) = first(&service) {
                in_service = format!("{of}.{name}");
            } else if let Some(name) = first(&message) {
                in_message = name;
            } else if let Some(name) = first(&rpc) {
                contract.rpcs.push(Rpc {
                    service: in_service.clone(),
                    name,
                    scope: None,
                    place: place(),
                });
            }
            if let (Some(name), Some(rpc)) = (first(&scope), contract.rpcs.last_mut()) {
                rpc.scope = Some(name);
            }
            if let Some(name) = first(&event) {
                let domain = of.split('.').nth(1).unwrap_or_default().replace('_', "-");
                contract.events.push(Event {
                    domain,
                    message: in_message.clone(),
                    name,
                    place: place(),
                });
            }
        }
    }
    Ok(contract)
}

/// Every method names its scope; an event's name is its message's.
pub(super) fn check(tree: &Tree) -> Result<Report> {
    let contract = read(tree)?;
    let mut findings = Vec::new();
    let scope =
        Regex::new(r"^(?:[a-z-]+\.(?:read|write|manage|admin|erase)|internal|platform\.admin)$")?;
    for rpc in &contract.rpcs {
        let text = match &rpc.scope {
            None => format!("{} names no scope: nobody can call it", rpc.name),
            Some(name) if !scope.is_match(name) => {
                format!(
                    "{}: `{name}` isn't a scope (domain.read, .write, .manage, .erase, internal)",
                    rpc.name
                )
            }
            Some(_) => continue,
        };
        findings.push(Finding::at(&rpc.place.0, rpc.place.1, text));
    }
    for event in &contract.events {
        let expected = kebab(&event.message);
        if event.name != expected {
            findings.push(Finding::at(
                &event.place.0,
                event.place.1,
                format!(
                    "the event of {} is called `{expected}`, not `{}`",
                    event.message, event.name
                ),
            ));
        }
    }
    Ok(Report::of(
        format!(
            "{} methods each name a scope, {} events each named after their message",
            contract.rpcs.len(),
            contract.events.len()
        ),
        findings,
    ))
}

/// `GetOrder` → `get_order`.
pub(super) fn snake(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.char_indices() {
        if c.is_uppercase() && i > 0 {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn kebab(name: &str) -> String {
    snake(name).replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::{kebab, snake};

    #[test]
    fn names_turn_into_each_other() {
        assert_eq!(snake("RecordTrackingEvent"), "record_tracking_event");
        assert_eq!(kebab("OrderRecorded"), "order-recorded");
    }
}
