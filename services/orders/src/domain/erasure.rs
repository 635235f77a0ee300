//! The erasure of a customer: who must acknowledge, who has, and when it is a receipt.

use postlude_kernel::Timestamp;

/// An erasure under way, or its receipt. Doesn't know the customer's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Erasure {
    pub(crate) erasure_id: String,
    /// What kept rows carry in place of the customer's number.
    pub(crate) pseudonym: String,
    pub(crate) participants: Vec<Participant>,
    pub(crate) request_time: Timestamp,
    pub(crate) complete_time: Option<Timestamp>,
}

/// One service's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Participant {
    pub(crate) service: String,
    pub(crate) done: Option<Done>,
}

/// What a service did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) complete_time: Timestamp,
    /// Rows whose personal content is gone.
    pub(crate) erased_count: i64,
    /// Rows that stay under the pseudonym.
    pub(crate) kept_count: i64,
    /// Why they stay; empty if none does.
    pub(crate) kept_because: String,
}

/// Starts an erasure.
pub(crate) fn request(
    erasure_id: String,
    pseudonym: String,
    services: &[String],
    now: Timestamp,
) -> Erasure {
    Erasure {
        erasure_id,
        pseudonym,
        participants: services
            .iter()
            .map(|service| Participant {
                service: service.clone(),
                done: None,
            })
            .collect(),
        request_time: now,
        complete_time: None,
    }
}

/// Notes an acknowledgement. `None` if it is noted already.
///
/// A service that nobody waited for is added: a receipt lists everyone who did something.
pub(crate) fn acknowledge(
    before: &Erasure,
    service: &str,
    done: Done,
    now: Timestamp,
) -> Option<Erasure> {
    let mut after = before.clone();
    match after
        .participants
        .iter_mut()
        .find(|participant| participant.service == service)
    {
        Some(participant) if participant.done.is_some() => return None,
        Some(participant) => participant.done = Some(done),
        None => after.participants.push(Participant {
            service: service.to_owned(),
            done: Some(done),
        }),
    }
    let all = after
        .participants
        .iter()
        .all(|participant| participant.done.is_some());
    if all && after.complete_time.is_none() {
        after.complete_time = Some(now);
    }
    Some(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::at;

    fn done(second: i64) -> Done {
        Done {
            complete_time: at(second),
            erased_count: 1,
            kept_count: 0,
            kept_because: String::new(),
        }
    }

    #[test]
    fn completes_with_the_last_acknowledgement_whatever_the_order() {
        let services = ["orders".to_owned(), "returns".to_owned()];
        for order in [["orders", "returns"], ["returns", "orders"]] {
            let erasure = request("era".to_owned(), "anon".to_owned(), &services, at(1));
            let half = acknowledge(&erasure, order[0], done(2), at(2)).unwrap();
            assert_eq!(half.complete_time, None);
            assert_eq!(acknowledge(&half, order[0], done(9), at(9)), None);
            let whole = acknowledge(&half, order[1], done(3), at(3)).unwrap();
            assert_eq!(whole.complete_time, Some(at(3)));
        }
    }
}
