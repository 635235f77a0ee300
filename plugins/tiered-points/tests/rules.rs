//! The rules as plain Rust: what orders earn and what a shortfall comes to, with settings of all kinds.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use postlude_plugin_sdk::loyalty_rules::{
    Balances, BuyerKind, Campaign, Channel, ClawbackCause, ClawbackFacts, EarnFacts, Earning,
    Member, Money, Order, OrderLine, Origin, Purpose, Shortfall,
};
use tiered_points::{clawback::clawback, earn::earn, settings::Settings};

fn line(line_id: &str, category: &str, net_minor: i64, tax_minor: i64) -> OrderLine {
    OrderLine {
        line_id: line_id.to_owned(),
        sku: format!("SKU-{line_id}"),
        category: category.to_owned(),
        quantity: 1,
        net_minor,
        tax_minor,
        final_sale: false,
        gift: false,
    }
}

fn order(currency_code: &str, currency_digits: u32, lines: Vec<OrderLine>) -> Order {
    Order {
        order_id: "A-1".to_owned(),
        currency_code: currency_code.to_owned(),
        currency_digits,
        buyer_kind: BuyerKind::Consumer,
        channel: Channel::Online,
        origin: Origin::Live,
        placed_micros: 1_793_500_000_000_000,
        lines,
    }
}

fn facts(order: Order) -> EarnFacts {
    EarnFacts {
        purpose: Purpose::Order,
        member: Member {
            tier: "gold".to_owned(),
            enrolled_micros: 0,
            birthday_month: false,
            lifetime_points: 0,
            tier_window_spend: Money::new(&order.currency_code, 0),
        },
        order,
        campaigns: Vec::new(),
    }
}

fn euros(lines: Vec<OrderLine>) -> EarnFacts {
    facts(order("EUR", 2, lines))
}

fn campaign(code: &str, multiplier_percent: u32, bonus_points: u64) -> Campaign {
    Campaign {
        code: code.to_owned(),
        multiplier_percent,
        bonus_points,
        categories: Vec::new(),
        skus: Vec::new(),
        tiers: Vec::new(),
        starts_micros: 0,
        ends_micros: None,
    }
}

fn with(facts: &EarnFacts, settings: &str) -> Earning {
    earn(facts, &Settings::parse(settings).unwrap())
}

fn milli(earning: &Earning) -> Vec<u64> {
    earning.lines.iter().map(|line| line.milli_points).collect()
}

fn codes(earning: &Earning, line: usize) -> Vec<&str> {
    earning.lines[line]
        .reasons
        .iter()
        .map(|reason| reason.code.as_str())
        .collect()
}

#[test]
fn a_point_per_unit_of_what_was_paid_in_every_currency() {
    for (code, digits, net, tax, expected) in [
        ("EUR", 2, 1_000, 190, 11_900),
        ("EUR", 2, 1, 0, 10),
        ("JPY", 0, 1_000, 100, 1_100_000),
        ("KWD", 3, 12_345, 0, 12_345),
    ] {
        let earning = with(
            &facts(order(code, digits, vec![line("1", "shoes", net, tax)])),
            "{}",
        );
        assert_eq!(milli(&earning), [expected], "{code}");
        assert_eq!(codes(&earning, 0), ["SHOP_RATE"]);
    }
}

#[test]
fn a_line_that_cost_nothing_or_less_earns_nothing() {
    let facts = euros(vec![line("1", "shoes", 0, 0), line("2", "shoes", -500, 0)]);
    assert_eq!(milli(&with(&facts, "{}")), [0, 0]);
}

#[test]
fn categories_have_their_own_rates_or_none_at_all() {
    let facts = euros(vec![
        line("1", "shoes", 1_000, 0),
        line("2", "books", 1_000, 0),
        line("3", "gift-cards", 1_000, 0),
    ]);
    let earning = with(
        &facts,
        r#"{"categories": {"shoes": 2500}, "excluded_categories": ["gift-cards"]}"#,
    );
    assert_eq!(milli(&earning), [25_000, 10_000, 0]);
    assert_eq!(codes(&earning, 0), ["CATEGORY_RATE"]);
    assert_eq!(earning.lines[0].reasons[0].text, "2.5 points per EUR.");
    assert_eq!(codes(&earning, 2), ["EXCLUDED_CATEGORY"]);
}

#[test]
fn net_or_gross_is_the_shops_choice() {
    let facts = euros(vec![line("1", "shoes", 1_000, 190)]);
    assert_eq!(milli(&with(&facts, r#"{"earn_on": "net"}"#)), [10_000]);
}

#[test]
fn a_currency_with_small_units_can_earn_less() {
    let facts = facts(order("JPY", 0, vec![line("1", "shoes", 12_345, 0)]));
    let earning = with(&facts, r#"{"currency_percent": {"JPY": 1}}"#);
    assert_eq!(milli(&earning), [123_450]);
    assert_eq!(codes(&earning, 0), ["SHOP_RATE", "CURRENCY_RATE"]);
}

#[test]
fn tier_birthday_and_campaign_multiply_up_to_the_most() {
    let mut facts = euros(vec![line("1", "shoes", 1_000, 0)]);
    facts.member.birthday_month = true;
    facts.campaigns = vec![campaign("DOUBLE", 200, 0), campaign("TRIPLE", 300, 0)];
    let settings = r#"{"tiers": {"gold": {"percent": 150}}, "birthday_month_percent": 200"#;
    let best = with(&facts, &format!("{settings}}}"));
    assert_eq!(milli(&best), [90_000]);
    assert_eq!(
        codes(&best, 0),
        ["SHOP_RATE", "TIER", "BIRTHDAY_MONTH", "CAMPAIGN"]
    );
    let added = with(&facts, &format!("{settings}, \"campaigns\": \"add\"}}"));
    // 150 % · 200 % · (100 + 100 + 200) % is 1,200 %, and a thousand at most.
    assert_eq!(milli(&added), [100_000]);
    assert_eq!(codes(&added, 0).last(), Some(&"MOST"));
    let none = with(&facts, &format!("{settings}, \"campaigns\": \"none\"}}"));
    assert_eq!(milli(&none), [30_000]);
}

#[test]
fn a_campaign_touches_what_it_lists_and_whom_it_lists() {
    let mut facts = euros(vec![
        line("1", "shoes", 1_000, 0),
        line("2", "books", 1_000, 0),
        line("3", "toys", 1_000, 0),
    ]);
    facts.campaigns = vec![Campaign {
        categories: vec!["shoes".to_owned()],
        skus: vec!["SKU-3".to_owned()],
        tiers: vec!["gold".to_owned()],
        ..campaign("DOUBLE", 200, 50)
    }];
    let earning = with(&facts, "{}");
    assert_eq!(milli(&earning), [20_000, 10_000, 20_000]);
    assert_eq!(earning.bonuses.len(), 1);
    assert_eq!(earning.bonuses[0].points, 50);
    facts.member.tier = "silver".to_owned();
    let earning = with(&facts, "{}");
    assert_eq!(milli(&earning), [10_000, 10_000, 10_000]);
    assert!(earning.bonuses.is_empty());
}

#[test]
fn a_bonus_needs_a_line_that_can_earn() {
    let mut facts = euros(vec![line("1", "gift-cards", 1_000, 0)]);
    facts.campaigns = vec![campaign("WELCOME", 100, 100)];
    let settings = r#"{"excluded_categories": ["gift-cards"]}"#;
    assert!(with(&facts, settings).bonuses.is_empty());
    assert_eq!(with(&facts, "{}").bonuses.len(), 1);
}

#[test]
fn small_orders_businesses_and_channels_can_be_left_out_whole() {
    let mut facts = euros(vec![line("1", "shoes", 900, 99)]);
    facts.campaigns = vec![campaign("WELCOME", 100, 100)];
    let small = with(&facts, r#"{"minimum_order": {"EUR": 1000}}"#);
    assert_eq!((milli(&small), small.bonuses.len()), (vec![0], 0));
    assert_eq!(
        small.reasons[0].text,
        "Orders below 10.00 EUR earn no points."
    );
    let shop = with(&facts, r#"{"excluded_channels": ["online"]}"#);
    assert_eq!(codes(&shop, 0), ["EXCLUDED_CHANNEL"]);
    facts.order.buyer_kind = BuyerKind::Business;
    let business = with(&facts, r#"{"business_earns": false}"#);
    assert_eq!(codes(&business, 0), ["BUSINESS"]);
    assert_eq!(milli(&with(&facts, "{}")), [9_990]);
}

#[test]
fn a_simulation_answers_as_the_order_did() {
    let mut facts = euros(vec![line("1", "shoes", 1_234, 0)]);
    let order = with(&facts, "{}");
    facts.purpose = Purpose::Simulation;
    assert_eq!(with(&facts, "{}"), order);
}

#[test]
fn the_largest_amounts_do_not_overflow() {
    let mut facts = facts(order(
        "JPY",
        0,
        vec![line("1", "shoes", i64::MAX, i64::MAX)],
    ));
    facts.campaigns = vec![campaign("HUGE", u32::MAX, 0)];
    let earning = with(&facts, r#"{"milli_points_per_unit": 1000000}"#);
    assert_eq!(milli(&earning), [u64::MAX]);
}

#[test]
fn the_tier_says_what_a_shortfall_comes_to() {
    let facts = |points, tier: &str| ClawbackFacts {
        cause: ClawbackCause::Refund,
        order: order("EUR", 2, vec![line("1", "shoes", 1_000, 0)]),
        tier: tier.to_owned(),
        balances: Balances {
            pending: 10,
            active: 5,
            debt: 0,
        },
        points,
    };
    let settings =
        Settings::parse(r#"{"tiers": {"gold": {"shortfall": "floor-at-zero"}}}"#).unwrap();
    let said = clawback(&facts(15, "gold"), &settings);
    assert_eq!(said.reasons[0].code, "POINTS_SUFFICE");
    let said = clawback(&facts(20, "gold"), &settings);
    assert_eq!(said.shortfall, Shortfall::FloorAtZero);
    assert_eq!(said.reasons[0].code, "SHORTFALL_WAIVED");
    assert_eq!(said.reasons[1].code, "TIER_RULE");
    let said = clawback(&facts(20, ""), &settings);
    assert_eq!(said.shortfall, Shortfall::GoNegative);
    assert!(said.reasons[0].text.starts_with("5 of the points"));
}
