//! The plugin that ships, through the host: what it promises and what it decides.

use postlude_kernel::Timestamp;
use postlude_plugin_host::{
    FixtureError, Reason,
    return_policy::{
        Decision, Facts, Order, OrderTerms, Outcome, RestockingFee, ReturnMethod, ReturnReason,
        WithdrawalExemption,
    },
};

use crate::world::{NOW, World, answered, context, facts, order, tenant};

pub(crate) const DEFAULTS: &str =
    include_str!("../../../../plugins/standard-returns/config.default.json");

struct Shop(World);

impl Shop {
    fn open() -> Self {
        let world = World::new();
        world.bindings.replace([world.bound(
            &tenant(),
            "standard-returns",
            "standard-returns",
            DEFAULTS,
        )]);
        Self(world)
    }

    async fn terms(&self, order: &Order) -> OrderTerms {
        let Self(world) = self;
        answered(
            world
                .host
                .return_policy_terms(&world.bindings, &tenant(), &context(), order)
                .await,
        )
    }

    async fn decide_at(&self, facts: &Facts, now: &str) -> Decision {
        let Self(world) = self;
        let terms = self.terms(&facts.order).await;
        let mut context = context();
        context.now = Timestamp::parse(now).unwrap();
        answered(
            world
                .host
                .return_policy_decide(&world.bindings, &tenant(), &context, facts, &terms)
                .await,
        )
    }

    async fn decide(&self, facts: &Facts) -> Decision {
        self.decide_at(facts, NOW).await
    }
}

fn codes(reasons: &[Reason]) -> Vec<&str> {
    reasons.iter().map(|reason| reason.code.as_str()).collect()
}

fn wanting(reason: ReturnReason) -> Facts {
    let mut facts = facts();
    facts.request[0].reason = reason;
    facts
}

#[tokio::test]
async fn promises_windows_by_category_fees_and_the_law() {
    let terms = Shop::open().terms(&order()).await;
    assert_eq!(terms.return_shipping_fee_minor, 490);
    assert_eq!(terms.lines[0].window_days, 30);
    assert_eq!(
        terms.lines[0].restocking_fee,
        RestockingFee::BasisPoints(1_000)
    );
    assert_eq!(terms.lines[1].window_days, 60);
    assert_eq!(terms.lines[1].restocking_fee, RestockingFee::Free);
    assert!(terms.lines.iter().all(|line| line.withdrawal_right));
    assert_eq!(
        codes(&terms.lines[0].reasons),
        ["CATEGORY_WINDOW", "STATUTORY_WITHDRAWAL", "RESTOCKING_FEE"]
    );
}

#[tokio::test]
async fn the_law_is_not_for_stores_businesses_perishables_and_far_countries() {
    use postlude_plugin_host::return_policy::{BuyerKind, Channel};
    let shop = Shop::open();
    let changes: [fn(&mut Order); 4] = [
        |order| order.channel = Channel::Store,
        |order| order.buyer_kind = BuyerKind::Business,
        |order| order.country_code = "US".to_owned(),
        |order| {
            for line in &mut order.lines {
                line.withdrawal_exemption = WithdrawalExemption::Perishable;
            }
        },
    ];
    for change in changes {
        let mut order = order();
        change(&mut order);
        let terms = shop.terms(&order).await;
        assert!(terms.lines.iter().all(|line| !line.withdrawal_right));
    }
}

#[tokio::test]
async fn a_change_of_mind_in_the_window_costs_what_was_promised() {
    let decision = Shop::open().decide(&facts()).await;
    let line = &decision.lines[0];
    assert_eq!(line.outcome, Outcome::Approve);
    assert_eq!(line.restocking_fee_minor, 1_190);
    assert_eq!(line.return_shipping_fee_minor, 490);
    assert!(!line.refund_shipping && !line.statutory_withdrawal);
    assert_eq!(
        codes(&line.reasons),
        ["WITHIN_WINDOW", "RESTOCKING_FEE", "RETURN_SHIPPING_FEE"]
    );
    assert_eq!(codes(&decision.reasons), ["AUTO_APPROVED"]);
    assert_eq!(
        line.return_by.unwrap().to_string(),
        Timestamp::parse("2026-12-05T23:59:59.999999Z")
            .unwrap()
            .to_string()
    );
}

#[tokio::test]
async fn goods_handed_over_in_a_shop_cost_no_way_back() {
    let mut facts = facts();
    facts.method = ReturnMethod::Store;
    let decision = Shop::open().decide(&facts).await;
    assert_eq!(decision.lines[0].return_shipping_fee_minor, 0);
    assert_eq!(decision.lines[0].restocking_fee_minor, 1_190);
}

#[tokio::test]
async fn after_the_window_a_change_of_mind_is_declined_and_a_fault_is_not() {
    let shop = Shop::open();
    let late = "2026-12-06T00:00:00Z";
    let decision = shop.decide_at(&facts(), late).await;
    assert_eq!(decision.lines[0].outcome, Outcome::Decline);
    assert_eq!(codes(&decision.lines[0].reasons), ["WINDOW_CLOSED"]);
    let decision = shop
        .decide_at(&wanting(ReturnReason::Defective), late)
        .await;
    assert_eq!(decision.lines[0].outcome, Outcome::Approve);
    assert_eq!(decision.lines[0].restocking_fee_minor, 0);
    assert!(decision.lines[0].refund_shipping);
}

#[tokio::test]
async fn a_withdrawal_in_time_costs_no_restocking_and_gives_shipping_back() {
    let shop = Shop::open();
    let withdrawal = wanting(ReturnReason::Withdrawal);
    // Delivered on Thursday the 5th: the fourteenth day is Thursday the 19th.
    let decision = shop.decide_at(&withdrawal, "2026-11-19T23:59:59Z").await;
    let line = &decision.lines[0];
    assert_eq!(line.outcome, Outcome::Approve);
    assert!(line.statutory_withdrawal && line.refund_shipping);
    assert_eq!(line.restocking_fee_minor, 0);
    // Later it is a change of mind like any other.
    let decision = shop.decide_at(&withdrawal, "2026-11-20T00:00:00Z").await;
    assert!(!decision.lines[0].statutory_withdrawal);
    assert_eq!(decision.lines[0].restocking_fee_minor, 1_190);
}

#[tokio::test]
async fn a_withdrawal_that_would_end_on_a_weekend_ends_on_monday() {
    let shop = Shop::open();
    let mut withdrawal = wanting(ReturnReason::Withdrawal);
    let saturday = Timestamp::parse("2026-11-07T10:00:00Z").unwrap();
    withdrawal.request[0].delivered = Some(saturday);
    withdrawal.last_delivered = Some(saturday);
    for (now, statutory) in [
        ("2026-11-23T23:59:59Z", true),
        ("2026-11-24T00:00:00Z", false),
    ] {
        let decision = shop.decide_at(&withdrawal, now).await;
        assert_eq!(decision.lines[0].statutory_withdrawal, statutory, "{now}");
    }
}

#[tokio::test]
async fn final_sale_stops_a_change_of_mind_and_neither_a_fault_nor_the_law() {
    let shop = Shop::open();
    let cases = [
        (ReturnReason::ChangedMind, Outcome::Decline, "FINAL_SALE"),
        (ReturnReason::Damaged, Outcome::Approve, "MERCHANT_FAULT"),
        (
            ReturnReason::Withdrawal,
            Outcome::Approve,
            "STATUTORY_WITHDRAWAL",
        ),
    ];
    for (reason, outcome, code) in cases {
        let mut facts = wanting(reason);
        facts.order.lines[0].final_sale = true;
        let decision = shop.decide_at(&facts, "2026-11-10T12:00:00Z").await;
        assert_eq!(decision.lines[0].outcome, outcome);
        assert_eq!(decision.lines[0].reasons[0].code, code);
    }
}

#[tokio::test]
async fn a_broken_seal_ends_the_right_to_withdraw() {
    let mut facts = wanting(ReturnReason::Withdrawal);
    facts.order.lines[0].withdrawal_exemption = WithdrawalExemption::SealedHygiene;
    facts.request[0].unsealed = true;
    let decision = Shop::open().decide_at(&facts, "2026-11-10T12:00:00Z").await;
    assert_eq!(decision.lines[0].outcome, Outcome::Decline);
    assert_eq!(codes(&decision.lines[0].reasons), ["SEAL_BROKEN"]);
}

#[tokio::test]
async fn a_person_sees_large_sums_and_customers_who_send_everything_back() {
    let shop = Shop::open();
    let mut large = facts();
    large.request[0].paid_minor = 50_001;
    let decision = shop.decide(&large).await;
    assert_eq!(decision.lines[0].outcome, Outcome::Review);
    assert_eq!(codes(&decision.reasons), ["VALUE_ABOVE_LIMIT"]);
    assert!(
        decision.reasons[0].text.contains("500.01 EUR"),
        "{decision:?}"
    );
    let mut often = facts();
    often.customer.order_count = 10;
    often.customer.return_count = 8;
    let decision = shop.decide(&often).await;
    assert_eq!(codes(&decision.reasons), ["FREQUENT_RETURNS"]);
}

#[tokio::test]
async fn more_than_is_left_is_declined() {
    let mut facts = facts();
    facts.request[0].quantity = 2;
    facts.request[0].returned_quantity = 1;
    let decision = Shop::open().decide(&facts).await;
    assert_eq!(
        codes(&decision.lines[0].reasons),
        ["QUANTITY_NOT_AVAILABLE"]
    );
}

#[tokio::test]
async fn the_way_back_is_charged_once() {
    let mut facts = facts();
    let mut second = facts.request[0].clone();
    second.line_id = "2".to_owned();
    second.delivered_quantity = 1;
    second.paid_minor = 9_520;
    facts.request.push(second);
    let decision = Shop::open().decide(&facts).await;
    let fees: Vec<_> = decision
        .lines
        .iter()
        .map(|line| line.return_shipping_fee_minor)
        .collect();
    assert_eq!(fees, [490, 0]);
}

#[tokio::test]
async fn its_own_fixtures_pass_and_a_wrong_one_is_named() {
    let Shop(world) = Shop::open();
    let component = world.component("standard-returns");
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../plugins/standard-returns/fixtures"
    );
    let mut passed = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let fixture = std::fs::read_to_string(&path).unwrap();
        let result = world
            .host
            .check_fixture(&tenant(), &component, DEFAULTS, &fixture)
            .await;
        assert_eq!(result, Ok(()), "{}", path.display());
        if path.ends_with("change-of-mind.json") {
            let wrong = fixture.replace("1190\n", "1191\n");
            let result = world
                .host
                .check_fixture(&tenant(), &component, DEFAULTS, &wrong)
                .await;
            assert!(
                matches!(&result, Err(FixtureError::Differs { path, .. }) if path.ends_with("/restocking_fee/amount_minor")),
                "{result:?}"
            );
        }
        passed += 1;
    }
    assert!(passed >= 5, "{passed}");
}
