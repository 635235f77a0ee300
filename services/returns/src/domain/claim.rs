//! A claim: something is wrong with units that were bought, and a person says what is done about it.
//!
//! [`open`] makes one, [`Claim::resolve`] ends it. Whoever resolves it with a refund, or wants the goods
//! back, opens a return beside it: [`Claim::compensation`] says what that return is asked and granted.

use std::collections::BTreeMap;

use postlude_kernel::Timestamp;

use super::{
    Reason, ReasonSource,
    limits::{QuantityExceeded, ReturnableLine},
    order::{Order, OrderLine},
    policy::{Answer, LineAnswer, Outcome, Request, RequestedLine},
    return_request::{Method, Moment, RefundMethod, ReturnReason},
    window::{TransitAllowance, delivered},
};

postlude_kernel::id_type!(
    /// A claim.
    ClaimId, "clm"
);

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) claim_id: String,
    pub(crate) order_id: String,
    pub(crate) customer_id: String,
    pub(crate) kind: ClaimKind,
    pub(crate) lines: Vec<ClaimLine>,
    pub(crate) state: ClaimState,
    pub(crate) resolution: Option<Resolution>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) description: String,
    pub(crate) evidence: Vec<String>,
    pub(crate) warranty_reference: String,
    pub(crate) revision: i64,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClaimKind {
    Warranty,
    Damaged,
    WrongItem,
    MissingParcel,
}

/// Units that a claim is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClaimLine {
    pub(crate) line_id: String,
    pub(crate) quantity: u32,
}

/// Where a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClaimState {
    Open,
    Resolved,
    Denied,
}

/// What is done about a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolution {
    pub(crate) kind: ResolutionKind,
    pub(crate) note: String,
    /// The return that it opened.
    pub(crate) return_id: Option<String>,
    pub(crate) replacements: Vec<ClaimReplacement>,
    pub(crate) time: Timestamp,
}

/// The kinds of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResolutionKind {
    Repair,
    Replacement,
    Refund,
    Denial,
}

/// Goods that are given for claimed ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClaimReplacement {
    pub(crate) sku: String,
    pub(crate) quantity: u32,
}

/// A warranty that was registered apart from the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegisteredWarranty {
    pub(crate) reference: String,
    pub(crate) until: Timestamp,
}

/// What is claimed.
#[derive(Debug, Clone)]
pub(crate) struct Claiming {
    pub(crate) kind: ClaimKind,
    pub(crate) lines: Vec<ClaimLine>,
    pub(crate) description: String,
    pub(crate) evidence: Vec<String>,
    pub(crate) warranty: Option<RegisteredWarranty>,
}

/// What a person says is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolving {
    pub(crate) kind: ResolutionKind,
    pub(crate) note: String,
    pub(crate) return_required: bool,
    pub(crate) return_method: Method,
    pub(crate) refund_method: RefundMethod,
    pub(crate) refund_shipping: bool,
    pub(crate) replacements: Vec<ClaimReplacement>,
}

/// What the return of a resolution is asked, and granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compensation {
    pub(crate) request: Request,
    pub(crate) answer: Answer,
}

/// Why a claim is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClaimRefused {
    #[error("order `{order_id}` has no line `{line_id}`")]
    LineNotFound { order_id: String, line_id: String },
    #[error("{} units of line `{}` were claimed and {} can be", .0.requested, .0.line_id, .0.available)]
    QuantityExceeded(QuantityExceeded),
    #[error("line `{line_id}` was sold without a warranty, and none was registered")]
    NoWarranty { line_id: String },
    #[error("the warranty of line `{line_id}` ended at {until}")]
    WarrantyOver { line_id: String, until: Timestamp },
    #[error("the claim is {0:?}, so it can't be resolved")]
    State(ClaimState),
    #[error("a missing parcel can't be repaired")]
    NothingToRepair,
    #[error("the goods of a missing parcel can't come back")]
    NothingToReturn,
}

/// Opens a claim and takes its units out of the limits.
///
/// # Errors
/// [`ClaimRefused`]; then the limits are as they were.
pub(crate) fn open(
    order: &Order,
    claiming: Claiming,
    returnable: &mut [ReturnableLine],
    allowance: TransitAllowance,
    moment: Moment<'_>,
) -> Result<Claim, ClaimRefused> {
    let mut after = returnable.to_vec();
    let mut reasons = Vec::new();
    for claimed in &claiming.lines {
        let limit = after
            .iter_mut()
            .find(|limit| limit.line_id == claimed.line_id);
        let (Some(line), Some(limit)) = (order.line(&claimed.line_id), limit) else {
            return Err(ClaimRefused::LineNotFound {
                order_id: order.order_id.clone(),
                line_id: claimed.line_id.clone(),
            });
        };
        take(claiming.kind, claimed, line, limit)?;
        if claiming.kind == ClaimKind::Warranty {
            reasons.push(covered(
                order,
                line,
                claiming.warranty.as_ref(),
                allowance,
                moment.now,
            )?);
        }
    }
    returnable.clone_from_slice(&after);
    Ok(Claim {
        claim_id: ClaimId::generate(moment.ids, moment.now).into(),
        order_id: order.order_id.clone(),
        customer_id: order.customer_id.clone(),
        kind: claiming.kind,
        lines: claiming.lines,
        state: ClaimState::Open,
        resolution: None,
        reasons,
        description: claiming.description,
        evidence: claiming.evidence,
        warranty_reference: claiming
            .warranty
            .map(|warranty| warranty.reference)
            .unwrap_or_default(),
        revision: 1,
        created: moment.now,
        updated: moment.now,
    })
}

/// Takes claimed units. What is missing need not have been delivered, and what the carrier calls
/// delivered may be missing all the same: its limit is what was bought.
fn take(
    kind: ClaimKind,
    claimed: &ClaimLine,
    line: &OrderLine,
    limit: &mut ReturnableLine,
) -> Result<(), ClaimRefused> {
    let available = match kind {
        ClaimKind::Warranty | ClaimKind::Damaged | ClaimKind::WrongItem => limit.available(),
        ClaimKind::MissingParcel => line.kept().saturating_sub(limit.allocated),
    };
    if claimed.quantity > available {
        return Err(ClaimRefused::QuantityExceeded(QuantityExceeded {
            line_id: claimed.line_id.clone(),
            requested: claimed.quantity,
            available,
        }));
    }
    limit.allocated = limit.allocated.saturating_add(claimed.quantity);
    Ok(())
}

/// By which warranty a line is covered: the order's own, from its last delivery, or a registered one.
fn covered(
    order: &Order,
    line: &OrderLine,
    registered: Option<&RegisteredWarranty>,
    allowance: TransitAllowance,
    now: Timestamp,
) -> Result<Reason, ClaimRefused> {
    let own = (line.warranty_months > 0)
        .then(|| delivered(order, &line.line_id, allowance, now).last)
        .flatten()
        .map(|last| last.plus_months(line.warranty_months).end_of_day());
    let by = |code: &str, text: String| Ok(Reason::new(ReasonSource::Platform, code, text));
    if let Some(until) = own.filter(|until| now <= *until) {
        return by(
            "WITHIN_WARRANTY",
            format!(
                "Line {} is covered for {} months, until {until}.",
                line.line_id, line.warranty_months
            ),
        );
    }
    match (registered, own) {
        (Some(warranty), _) if now <= warranty.until => by(
            "REGISTERED_WARRANTY",
            format!(
                "Registration {} covers line {} until {}.",
                warranty.reference, line.line_id, warranty.until
            ),
        ),
        (registered, own) => Err(
            match registered
                .map(|warranty| warranty.until)
                .into_iter()
                .chain(own)
                .max()
            {
                Some(until) => ClaimRefused::WarrantyOver {
                    line_id: line.line_id.clone(),
                    until,
                },
                None => ClaimRefused::NoWarranty {
                    line_id: line.line_id.clone(),
                },
            },
        ),
    }
}

impl Claim {
    /// Ends the claim. `order` says what the same goods are, where nothing else is given for them.
    ///
    /// # Errors
    /// [`ClaimRefused`], if it has ended or the resolution doesn't fit its kind.
    pub(crate) fn resolve(
        &self,
        resolving: &Resolving,
        order: &Order,
        return_id: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, ClaimRefused> {
        if self.state != ClaimState::Open {
            return Err(ClaimRefused::State(self.state));
        }
        if self.kind == ClaimKind::MissingParcel {
            if resolving.kind == ResolutionKind::Repair {
                return Err(ClaimRefused::NothingToRepair);
            }
            if resolving.return_required {
                return Err(ClaimRefused::NothingToReturn);
            }
        }
        let mut resolved = self.clone();
        resolved.state = match resolving.kind {
            ResolutionKind::Denial => ClaimState::Denied,
            ResolutionKind::Repair | ResolutionKind::Replacement | ResolutionKind::Refund => {
                ClaimState::Resolved
            }
        };
        resolved.reasons.push(operator(&resolving.note));
        resolved.resolution = Some(Resolution {
            kind: resolving.kind,
            note: resolving.note.clone(),
            return_id: return_id.map(str::to_owned),
            replacements: match (resolving.kind, resolving.replacements.is_empty()) {
                (ResolutionKind::Replacement, true) => self.same_goods(order),
                (_, _) => resolving.replacements.clone(),
            },
            time: now,
        });
        resolved.revision += 1;
        resolved.updated = now;
        Ok(resolved)
    }

    /// The return that a resolution needs: one for the money, one for the goods, or none. What isn't
    /// wanted back counts as kept by the customer. Where other goods, or the same ones made good, are
    /// given, nothing is due.
    pub(crate) fn compensation(&self, resolving: &Resolving) -> Option<Compensation> {
        let refund_method = match (resolving.kind, resolving.return_required) {
            (ResolutionKind::Refund, _) => resolving.refund_method,
            (ResolutionKind::Repair | ResolutionKind::Replacement, true) => RefundMethod::None,
            (ResolutionKind::Repair | ResolutionKind::Replacement, false)
            | (ResolutionKind::Denial, _) => return None,
        };
        let request = Request {
            lines: self
                .lines
                .iter()
                .map(|line| RequestedLine {
                    line_id: line.line_id.clone(),
                    quantity: line.quantity,
                    reason: self.kind.reason(),
                    comment: String::new(),
                    unsealed: false,
                })
                .collect(),
            method: resolving.return_method,
            refund_method,
        };
        let mut answer = Answer::uniform(&request, Outcome::Approved, &operator(&resolving.note));
        for line in &mut answer.lines {
            *line = LineAnswer {
                keep_item: !resolving.return_required,
                refund_shipping: resolving.refund_shipping,
                ..line.clone()
            };
        }
        Some(Compensation { request, answer })
    }

    /// The units that the claim has taken, by line.
    pub(crate) fn units(&self) -> BTreeMap<&str, u32> {
        self.lines
            .iter()
            .map(|line| (line.line_id.as_str(), line.quantity))
            .collect()
    }

    fn same_goods(&self, order: &Order) -> Vec<ClaimReplacement> {
        self.lines
            .iter()
            .filter_map(|claimed| {
                order.line(&claimed.line_id).map(|line| ClaimReplacement {
                    sku: line.sku.clone(),
                    quantity: claimed.quantity,
                })
            })
            .collect()
    }
}

impl ClaimKind {
    /// Why the units of a claim come back, or would.
    const fn reason(self) -> ReturnReason {
        match self {
            Self::Warranty => ReturnReason::Defective,
            Self::Damaged => ReturnReason::Damaged,
            Self::WrongItem => ReturnReason::WrongItem,
            Self::MissingParcel => ReturnReason::NotReceived,
        }
    }
}

fn operator(note: &str) -> Reason {
    Reason::new(ReasonSource::Operator, "CLAIM_RESOLVED", note)
}

#[cfg(test)]
mod tests;
