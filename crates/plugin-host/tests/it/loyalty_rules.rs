//! The hook `loyalty-rules`: typed calls, the checks of the answer, and replay, with the plugin that
//! ships and with one that breaks each rule.

use postlude_kernel::{Currency, Money, Timestamp};
use postlude_plugin_host::{
    Answer, Bindings, FaultCode, Instead, RunResult, Settled, Verdict,
    loyalty_rules::{
        Balances, BuyerKind, Campaign, Channel, ClawbackCause, ClawbackDecision, ClawbackFacts,
        EarnFacts, Earning, Member, Order, OrderLine, Origin, Purpose, Shortfall,
    },
};
use postlude_proto::runs::v1::Run;

use crate::world::{NOW, World, answered, context, fault, tenant};

const MISBEHAVES: &str = "fixtures/misbehaves-loyalty-rules";
const DEFAULTS: &str = include_str!("../../../../plugins/tiered-points/config.default.json");

fn order(currency: &str, net_minor: i64) -> Order {
    let line = |line_id: &str, category: &str, net_minor| OrderLine {
        line_id: line_id.to_owned(),
        sku: format!("SKU-{line_id}"),
        category: category.to_owned(),
        quantity: 1,
        net_minor,
        tax_minor: net_minor / 10,
        final_sale: false,
        gift: false,
    };
    Order {
        order_id: "A-1001".to_owned(),
        currency: Currency::parse(currency).unwrap(),
        buyer_kind: BuyerKind::Consumer,
        channel: Channel::Online,
        origin: Origin::Live,
        placed: Timestamp::parse(NOW).unwrap(),
        lines: vec![line("1", "shoes", net_minor), line("2", "books", 0)],
    }
}

fn facts(currency: &str, net_minor: i64) -> EarnFacts {
    EarnFacts {
        purpose: Purpose::Order,
        order: order(currency, net_minor),
        member: Member {
            tier: "gold".to_owned(),
            enrolled: Timestamp::parse("2025-01-01T00:00:00Z").unwrap(),
            birthday_month: false,
            lifetime_points: 1_200,
            tier_window_spend: Money::new(Currency::parse(currency).unwrap(), 120_000),
        },
        campaigns: vec![Campaign {
            code: "SHOE-WEEK".to_owned(),
            multiplier_percent: 200,
            bonus_points: 50,
            categories: vec!["shoes".to_owned()],
            skus: Vec::new(),
            tiers: vec!["gold".to_owned()],
            starts: Timestamp::parse("2026-11-01T00:00:00Z").unwrap(),
            ends: None,
        }],
    }
}

fn shortfall_facts() -> ClawbackFacts {
    ClawbackFacts {
        cause: ClawbackCause::Refund,
        order: order("EUR", 10_000),
        tier: "gold".to_owned(),
        balances: Balances {
            pending: 10,
            active: 20,
            debt: 0,
        },
        points: 110,
    }
}

fn tiered(config: &str) -> World {
    let world = World::new();
    world
        .bindings
        .replace([world.bound(&tenant(), "tiered-points", "tiered-points", config)]);
    world
}

fn bind(world: &World, behaviour: &str) {
    let config = format!("{{\"behaviour\": \"{behaviour}\"}}");
    world
        .bindings
        .replace([world.bound(&tenant(), MISBEHAVES, behaviour, &config)]);
}

async fn earn(world: &World, facts: &EarnFacts) -> Answer<Earning> {
    world
        .host
        .loyalty_rules_earn(&world.bindings, &tenant(), &context(), facts)
        .await
}

async fn clawback(world: &World) -> Answer<ClawbackDecision> {
    world
        .host
        .loyalty_rules_clawback(&world.bindings, &tenant(), &context(), &shortfall_facts())
        .await
}

#[tokio::test]
async fn an_order_earns_a_point_per_unit_of_the_currency_of_what_was_paid() {
    let world = tiered(DEFAULTS);
    for (currency, net_minor, milli_points) in [
        ("EUR", 10_000, 110_000),
        ("JPY", 10_000, 11_000_000),
        ("KWD", 10_000, 11_000),
    ] {
        let mut facts = facts(currency, net_minor);
        facts.campaigns.clear();
        let earning = answered(earn(&world, &facts).await);
        assert_eq!(earning.lines[0].line_id, "1");
        assert_eq!(earning.lines[0].milli_points, milli_points, "{currency}");
        assert_eq!(earning.lines[1].milli_points, 0, "nothing was paid");
        assert!(earning.bonuses.is_empty());
        assert_eq!(earning.lines[0].reasons[0].code, "SHOP_RATE");
    }
}

#[tokio::test]
async fn tiers_and_campaigns_reach_the_answer() {
    let world = tiered(r#"{"tiers": {"gold": {"percent": 125}}}"#);
    let earning = answered(earn(&world, &facts("EUR", 10_000)).await);
    assert_eq!(earning.lines[0].milli_points, 275_000);
    assert_eq!(earning.bonuses[0].campaign_code, "SHOE-WEEK");
    assert_eq!(earning.bonuses[0].points, 50);
}

#[tokio::test]
async fn a_shortfall_is_owed_or_let_go_as_the_tier_says() {
    let world = tiered(DEFAULTS);
    let said = answered(clawback(&world).await);
    assert_eq!(said.shortfall, Shortfall::GoNegative);
    let world = tiered(r#"{"tiers": {"gold": {"shortfall": "floor-at-zero"}}}"#);
    let said = answered(clawback(&world).await);
    assert_eq!(said.shortfall, Shortfall::FloorAtZero);
    assert_eq!(said.reasons[0].code, "SHORTFALL_WAIVED");
}

#[tokio::test]
async fn broken_rules_are_faults_that_name_field_and_rule() {
    let world = World::new();
    // Its friendly point per line is more than a line may earn that cost nothing.
    let mut facts = facts("EUR", 10_000);
    facts.order.lines[1].net_minor = 10_000;
    bind(&world, "earn-politely");
    answered(earn(&world, &facts).await);
    for (behaviour, field, rule) in [
        ("earn-unknown-line", "lines[0].line_id", "`another`"),
        ("earn-line-missing", "lines", "1 entries for the order's 2"),
        ("earn-line-twice", "lines", "3 entries for the order's 2"),
        (
            "earn-too-much",
            "lines[0].milli_points",
            "a thousand points",
        ),
        ("earn-no-reason", "lines[0].reasons", "is empty"),
        (
            "earn-unknown-campaign",
            "bonuses[0].campaign_code",
            "`NO-SUCH`",
        ),
        ("earn-bonus-above-campaign", "bonuses[0].points", "is 51"),
        ("earn-bonus-twice", "bonuses[1].campaign_code", "twice"),
    ] {
        bind(&world, behaviour);
        let answer = earn(&world, &facts).await;
        let (code, message) = fault(&answer);
        assert_eq!(code, FaultCode::DecisionInvalid, "{behaviour}: {message}");
        assert!(
            message.contains(field) && message.contains(rule),
            "{behaviour}: {message}"
        );
        let run = answer.run.expect("a run");
        assert!(!run.output.is_empty(), "what it said is kept: {behaviour}");
    }
    bind(&world, "clawback-no-reason");
    let (code, message) = fault(&clawback(&world).await);
    assert_eq!(code, FaultCode::DecisionInvalid, "{message}");
    assert!(message.contains("`reasons` is empty"), "{message}");
}

/// The bound is a thousand points per unit, in the currency's own units.
#[tokio::test]
async fn what_a_line_may_earn_is_bound_by_what_it_cost() {
    let most = tiered(r#"{"milli_points_per_unit": 1000000}"#);
    for currency in ["EUR", "JPY", "KWD"] {
        let mut facts = facts(currency, 10_000);
        facts.campaigns.clear();
        answered(earn(&most, &facts).await);
        facts.member.tier = "more".to_owned();
        let more =
            tiered(r#"{"milli_points_per_unit": 1000000, "tiers": {"more": {"percent": 101}}}"#);
        let (code, message) = fault(&earn(&more, &facts).await);
        assert_eq!(code, FaultCode::DecisionInvalid, "{message}");
    }
}

#[tokio::test]
async fn each_run_is_replayed_to_the_same_bytes_also_from_what_is_kept() {
    let world = tiered(DEFAULTS);
    let component = world.component("tiered-points");
    let earned = earn(&world, &facts("EUR", 10_000)).await;
    let taken = clawback(&world).await;
    assert_eq!(earned.run.as_ref().unwrap().function, "earn");
    assert_eq!(taken.run.as_ref().unwrap().function, "clawback");
    for record in [earned.run.as_ref(), taken.run.as_ref()]
        .into_iter()
        .flatten()
    {
        assert_eq!(record.hook, "loyalty-rules");
        assert_eq!(
            record.contract_digest,
            world.host.contract_digest("loyalty-rules")
        );
        let replay = world.host.replay(record, &component).await.unwrap();
        assert!(replay.identical && replay.same_engine);
        assert_eq!((&replay.output, replay.fuel), (&record.output, record.fuel));
    }
    let kept: Vec<Run> = [earned.runs(), taken.runs()].concat();
    assert_eq!(kept.len(), 2);
    for run in kept {
        assert!(run.input_json.contains("A-1001") && run.output_json.contains("reasons"));
        let bytes = crate::world::component_bytes("tiered-points");
        let replay = world
            .host
            .replay_kept(&tenant(), &run, bytes)
            .await
            .unwrap();
        assert!(replay.identical, "{}", run.function);
        assert_eq!(replay.recorded_fuel, replay.replayed_fuel);
    }
}

#[tokio::test]
async fn faults_and_errors_are_replayed_too() {
    let world = World::new();
    let component = world.component(MISBEHAVES);
    for (behaviour, result) in [
        ("earn-trap", RunResult::Fault),
        ("earn-bonus-twice", RunResult::Fault),
        ("earn-error", RunResult::PluginError),
    ] {
        bind(&world, behaviour);
        let record = earn(&world, &facts("EUR", 10_000))
            .await
            .run
            .expect("a run");
        assert_eq!(record.result, result, "{behaviour}");
        let replay = world.host.replay(&record, &component).await.unwrap();
        assert!(replay.identical, "{behaviour}: {replay:?}");
    }
}

#[tokio::test]
async fn a_component_of_another_hook_is_a_fault_and_not_asked() {
    let world = World::new();
    world.bind("polite");
    let answer = earn(&world, &facts("EUR", 10_000)).await;
    let (code, message) = fault(&answer);
    assert_eq!(code, FaultCode::ComponentUnavailable);
    assert!(message.contains("`loyalty-rules`"), "{message}");
    assert!(answer.run.is_none());
}

#[tokio::test]
async fn what_a_service_does_with_an_answer_is_the_bindings_to_say() {
    let world = tiered(DEFAULTS);
    let settled = earn(&world, &facts("EUR", 10_000)).await.settle().unwrap();
    let Settled::Answered(said) = settled else {
        panic!("{settled:?}");
    };
    assert_eq!(said.decision.plugin_id, "tiered-points");
    assert!(said.decision.run_id.starts_with("run_"));
    assert_eq!(said.made_good, None);

    bind(&world, "earn-trap");
    let settled = earn(&world, &facts("EUR", 10_000)).await.settle().unwrap();
    let Settled::Unanswered(said) = settled else {
        panic!("{settled:?}");
    };
    assert_eq!(said.instead, Instead::Review);
    assert_eq!((said.reason.code.as_str(), said.soon), ("TRAP", false));

    world.bindings.replace([]);
    let settled = earn(&world, &facts("EUR", 10_000)).await.settle().unwrap();
    assert!(
        matches!(&settled, Settled::BuiltIn(said) if said.because.is_none() && said.decision.plugin_id == "built-in"),
        "{settled:?}"
    );

    let nobody_knows = Bindings::new();
    let answer = world
        .host
        .loyalty_rules_earn(&nobody_knows, &tenant(), &context(), &facts("EUR", 1))
        .await;
    assert!(matches!(answer.verdict, Verdict::NoSnapshot));
    let settled = answer.settle().unwrap();
    assert!(
        matches!(&settled, Settled::Unanswered(said) if said.soon && said.reason.code == "POLICY_UNKNOWN"),
        "{settled:?}"
    );
}
