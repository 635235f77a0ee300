#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use postlude_kernel::SeededIds;

use super::*;
use crate::domain::terms::tests::{at, order};

static IDS: SeededIds = SeededIds::new(11);
const ALLOWANCE: TransitAllowance = TransitAllowance { days: 10 };
const KINDS: [ClaimKind; 4] = [
    ClaimKind::Warranty,
    ClaimKind::Damaged,
    ClaimKind::WrongItem,
    ClaimKind::MissingParcel,
];
const RESOLUTIONS: [ResolutionKind; 4] = [
    ResolutionKind::Repair,
    ResolutionKind::Replacement,
    ResolutionKind::Refund,
    ResolutionKind::Denial,
];

fn moment(now: &str) -> Moment<'static> {
    Moment {
        now: at(now),
        ids: &IDS,
    }
}

fn sold() -> Order {
    let mut order = order();
    order.channel = crate::domain::order::Channel::Store;
    order
}

fn claiming(kind: ClaimKind, quantity: u32) -> Claiming {
    Claiming {
        kind,
        lines: vec![ClaimLine {
            line_id: "1".into(),
            quantity,
        }],
        description: String::new(),
        evidence: Vec::new(),
        warranty: None,
    }
}

fn limit() -> ReturnableLine {
    ReturnableLine {
        delivered: 2,
        ..ReturnableLine::new("1")
    }
}

fn opened(kind: ClaimKind) -> Claim {
    let mut limits = [limit()];
    let now = moment("2026-03-10T00:00:00Z");
    open(&sold(), claiming(kind, 2), &mut limits, ALLOWANCE, now).unwrap()
}

fn resolving(kind: ResolutionKind, return_required: bool) -> Resolving {
    Resolving {
        kind,
        note: "seen".into(),
        return_required,
        return_method: Method::Mail,
        refund_method: RefundMethod::Original,
        refund_shipping: false,
        replacements: Vec::new(),
    }
}

#[test]
fn a_refused_claim_takes_nothing() {
    let mut limits = [limit()];
    let mut wanted = claiming(ClaimKind::Damaged, 1);
    wanted.lines.push(ClaimLine {
        line_id: "none".into(),
        quantity: 1,
    });
    let now = moment("2026-03-10T00:00:00Z");
    let refused = open(&sold(), wanted, &mut limits, ALLOWANCE, now);
    assert!(matches!(refused, Err(ClaimRefused::LineNotFound { .. })));
    assert_eq!(limits, [limit()]);
}

#[test]
fn the_warranty_ends_with_its_last_day() {
    // Sold in a shop with 24 months of warranty.
    let order = sold();
    let until = order.placed.plus_months(24).end_of_day();
    let claim_at = |now| {
        let mut limits = [limit()];
        let moment = Moment { now, ids: &IDS };
        open(
            &order,
            claiming(ClaimKind::Warranty, 1),
            &mut limits,
            ALLOWANCE,
            moment,
        )
    };
    assert!(claim_at(until).is_ok());
    assert_eq!(
        claim_at(Timestamp::from_micros(until.as_micros() + 1)),
        Err(ClaimRefused::WarrantyOver {
            line_id: "1".into(),
            until
        })
    );
}

/// Every kind with every resolution: which fit, which open a return, and for which money.
#[test]
fn every_kind_with_every_resolution() {
    for kind in KINDS {
        for resolution in RESOLUTIONS {
            for return_required in [false, true] {
                let claim = opened(kind);
                let wanted = resolving(resolution, return_required);
                let answer = claim.resolve(&wanted, &sold(), None, at("2026-03-11T00:00:00Z"));
                let missing = kind == ClaimKind::MissingParcel;
                let what = format!("{kind:?} {resolution:?} return {return_required}");
                if missing && resolution == ResolutionKind::Repair {
                    assert_eq!(answer, Err(ClaimRefused::NothingToRepair), "{what}");
                    continue;
                }
                if missing && return_required {
                    assert_eq!(answer, Err(ClaimRefused::NothingToReturn), "{what}");
                    continue;
                }
                let ended = answer.unwrap();
                let denied = resolution == ResolutionKind::Denial;
                assert_eq!(ended.state == ClaimState::Denied, denied, "{what}");
                assert_eq!(ended.revision, claim.revision + 1, "{what}");
                let again = ended.resolve(&wanted, &sold(), None, at("2026-03-12T00:00:00Z"));
                assert_eq!(again, Err(ClaimRefused::State(ended.state)), "{what}");
                let method = claim
                    .compensation(&wanted)
                    .map(|compensation| compensation.request.refund_method);
                let expected = match (resolution, return_required) {
                    (ResolutionKind::Refund, _) => Some(RefundMethod::Original),
                    (ResolutionKind::Repair | ResolutionKind::Replacement, true) => {
                        Some(RefundMethod::None)
                    }
                    (
                        ResolutionKind::Repair
                        | ResolutionKind::Replacement
                        | ResolutionKind::Denial,
                        _,
                    ) => None,
                };
                assert_eq!(method, expected, "{what}");
            }
        }
    }
}

#[test]
fn the_same_goods_are_given_where_no_others_are_named() {
    let claim = opened(ClaimKind::WrongItem);
    let mut wanted = resolving(ResolutionKind::Replacement, false);
    let given = |wanted: &Resolving| {
        let now = at("2026-03-11T00:00:00Z");
        let ended = claim.resolve(wanted, &sold(), None, now).unwrap();
        ended.resolution.unwrap().replacements
    };
    let same = ClaimReplacement {
        sku: sold().line("1").unwrap().sku.clone(),
        quantity: 2,
    };
    assert_eq!(given(&wanted), [same]);
    let other = ClaimReplacement {
        sku: "other".into(),
        quantity: 1,
    };
    wanted.replacements = vec![other.clone()];
    assert_eq!(given(&wanted), [other]);
}
