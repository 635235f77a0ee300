//! A decision by a plugin, each in a fresh instance, beside bare wasmtime doing the same.
//!
//! Bare means: an engine with the same settings, the same component, a store with fuel, an epoch and a
//! limiter, an instance, the typed call, and both dropped. Nothing of ours is around it. Calls take turns
//! in one thread and one run, so that both meet the same machine.
#![allow(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark may fail loudly and takes its time from the machine"
)]

#[path = "../tests/it/world.rs"]
mod world;

use std::time::Instant;

use postlude_plugin_host::Verdict;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OperatorCost, PoolingAllocationConfig,
    Store, StoreLimits, StoreLimitsBuilder, WasmBacktraceDetails,
    component::{Component, HasSelf, Linker},
};

mod bare {
    wasmtime::component::bindgen!({
        path: ["../../plugins/wit/postlude-plugin", "../../plugins/wit/postlude-return-policy"],
        world: "postlude:return-policy/return-policy",
    });
}

use bare::{
    ReturnPolicy, ReturnPolicyPre, exports::postlude::return_policy::policy,
    postlude::plugin::types as shared, postlude::return_policy::types as wit,
};

const WARM_UP: usize = 2_000;
const CALLS: usize = 20_000;
const PLUGIN: &str = "standard-returns";
const CONFIG: &str = include_str!("../../../plugins/standard-returns/config.default.json");

fn main() {
    // `cargo bench` says so; `cargo test` only wants to know that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let world = world::World::new();
    let tenant = world::tenant();
    world
        .bindings
        .replace([world.bound(&tenant, PLUGIN, PLUGIN, CONFIG)]);
    let engine = engine(world.host.limits());
    let prepared = prepare(&engine);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let (facts, terms, context) = (facts(), terms(), context());
    let limits = world.host.limits().clone();
    let (mut floor, mut call, mut ask) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..WARM_UP + CALLS {
        let began = Instant::now();
        let outcome = once(&engine, &prepared, &limits, &context, &facts, &terms);
        let bare = began.elapsed();
        assert_eq!(outcome, wit::Outcome::Approve);
        let began = Instant::now();
        let answer = runtime.block_on(world.decide());
        let whole = began.elapsed();
        assert!(matches!(answer.verdict, Verdict::Answered(_)));
        if round >= WARM_UP {
            floor.push(bare.as_nanos() as f64 / 1e3);
            call.push(answer.run.unwrap().duration_micros as f64);
            ask.push(whole.as_nanos() as f64 / 1e3);
        }
    }
    let (floor_50, floor_99) = (quantile(&mut floor, 50), quantile(&mut floor, 99));
    let ratio = quantile(&mut call, 50) / floor_50;
    line(
        "plugin-call, p50",
        quantile(&mut call, 50),
        floor_50,
        "<= 40 µs and ratio <= 1.25",
        ratio <= 1.25 && quantile(&mut call, 50) <= 40.0,
    );
    tell("plugin-call, p99", quantile(&mut call, 99), floor_99);
    tell("plugin-ask, p50", quantile(&mut ask, 50), floor_50);
    tell("plugin-ask, p99", quantile(&mut ask, 99), floor_99);
}

fn quantile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) * percent / 100]
}

fn line(name: &str, value: f64, floor: f64, goal: &str, met: bool) {
    print(name, value, floor, goal, &met.to_string());
}

/// A figure that nothing is aimed at.
fn tell(name: &str, value: f64, floor: f64) {
    print(name, value, floor, "", "null");
}

fn print(name: &str, value: f64, floor: f64, goal: &str, met: &str) {
    println!(
        "{{\"name\":\"{name}\",\"value\":{value:.2},\"unit\":\"µs\",\"floor\":{floor:.2},\"ratio\":{:.3},\"goal\":\"{goal}\",\"met\":{met}}}",
        value / floor
    );
}

/// The same settings as the host's.
fn engine(limits: &postlude_plugin_host::Limits) -> Engine {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(8)
        .total_core_instances(64)
        .total_memories(8)
        .total_tables(16)
        .max_core_instances_per_component(8)
        .max_memories_per_component(1)
        .max_tables_per_component(2)
        .max_memories_per_module(1)
        .max_tables_per_module(1)
        .table_elements(limits.table_elements)
        .max_memory_size(limits.memory_bytes)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(256 << 10)
        .pagemap_scan(Enabled::Auto);
    let mut costs = OperatorCost::new();
    costs.MemoryGrow = u8::MAX;
    costs.TableGrow = u8::MAX;
    costs.variable.memory_grow_per_page = u8::MAX;
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .consume_fuel(true)
        .operator_cost(costs)
        .epoch_interruption(true)
        .max_wasm_stack(512 << 10)
        .cranelift_nan_canonicalization(true)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .memory_may_move(false)
        .memory_init_cow(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).unwrap()
}

struct Guest(StoreLimits);

impl bare::postlude::plugin::config::Host for Guest {
    fn get(&mut self) -> String {
        CONFIG.to_owned()
    }
}

impl bare::postlude::plugin::log::Host for Guest {
    fn write(&mut self, _level: bare::postlude::plugin::log::Level, _message: String) {}
}

impl bare::postlude::plugin::types::Host for Guest {}
impl bare::postlude::return_policy::types::Host for Guest {}

fn prepare(engine: &Engine) -> ReturnPolicyPre<Guest> {
    let mut linker = Linker::new(engine);
    ReturnPolicy::add_to_linker::<_, HasSelf<_>>(&mut linker, |guest| guest).unwrap();
    let component = Component::new(engine, world::component_bytes(PLUGIN)).unwrap();
    ReturnPolicyPre::new(linker.instantiate_pre(&component).unwrap()).unwrap()
}

fn once(
    engine: &Engine,
    prepared: &ReturnPolicyPre<Guest>,
    limits: &postlude_plugin_host::Limits,
    context: &policy::CallContext,
    facts: &wit::Facts,
    terms: &wit::OrderTerms,
) -> wit::Outcome {
    let guest = Guest(
        StoreLimitsBuilder::new()
            .memory_size(limits.memory_bytes)
            .table_elements(limits.table_elements)
            .build(),
    );
    let mut store = Store::new(engine, guest);
    store.limiter(|guest| &mut guest.0);
    store.set_epoch_deadline(50);
    store.set_fuel(limits.fuel).unwrap();
    let instance = prepared.instantiate(&mut store).unwrap();
    let policy = instance.postlude_return_policy_policy();
    let answer = policy.call_decide(&mut store, context, facts, terms);
    answer.unwrap().unwrap().lines[0].outcome
}

fn context() -> policy::CallContext {
    policy::CallContext {
        now_micros: world::context().now.as_micros(),
        seed: 1,
        locale: "en".to_owned(),
        utc_offset_minutes: 0,
    }
}

fn facts() -> wit::Facts {
    let facts = world::facts();
    let order = facts.order;
    let line = |line: &postlude_plugin_host::return_policy::OrderLine| wit::OrderLine {
        line_id: line.line_id.clone(),
        sku: line.sku.clone(),
        category: line.category.clone(),
        quantity: line.quantity,
        net_minor: line.net_minor,
        tax_minor: line.tax_minor,
        final_sale: line.final_sale,
        gift: line.gift,
        warranty_months: line.warranty_months,
        withdrawal_exemption: wit::WithdrawalExemption::None,
    };
    wit::Facts {
        order: wit::Order {
            order_id: order.order_id.clone(),
            currency_code: "EUR".to_owned(),
            country_code: order.country_code.clone(),
            buyer_kind: wit::BuyerKind::Consumer,
            channel: wit::Channel::Online,
            fulfilment: wit::Fulfilment::Ship,
            tax_included: order.tax_included,
            shipping_minor: order.shipping_minor,
            placed_micros: order.placed.as_micros(),
            lines: order.lines.iter().map(line).collect(),
        },
        request: facts
            .request
            .iter()
            .map(|asked| wit::RequestLine {
                line_id: asked.line_id.clone(),
                quantity: asked.quantity,
                reason: wit::ReturnReason::ChangedMind,
                unsealed: asked.unsealed,
                delivered_micros: asked.delivered.map(|at| at.as_micros()),
                shipped_micros: asked.shipped.map(|at| at.as_micros()),
                delivered_quantity: asked.delivered_quantity,
                returned_quantity: asked.returned_quantity,
                paid_minor: asked.paid_minor,
            })
            .collect(),
        method: wit::ReturnMethod::Mail,
        last_delivered_micros: facts.last_delivered.map(|at| at.as_micros()),
        captured_minor: facts.captured_minor,
        refunded_minor: facts.refunded_minor,
        customer: wit::CustomerHistory {
            order_count: facts.customer.order_count,
            return_count: facts.customer.return_count,
            refunded_minor: facts.customer.refunded_minor,
        },
    }
}

fn terms() -> wit::OrderTerms {
    let terms = world::terms();
    wit::OrderTerms {
        lines: terms
            .lines
            .iter()
            .map(|line| wit::LineTerms {
                line_id: line.line_id.clone(),
                window_days: line.window_days,
                final_sale: line.final_sale,
                withdrawal_right: line.withdrawal_right,
                restocking_fee: wit::RestockingFee::BasisPoints(1_000),
                reasons: line
                    .reasons
                    .iter()
                    .map(|reason| shared::Reason {
                        code: reason.code.clone(),
                        text: reason.text.clone(),
                    })
                    .collect(),
            })
            .collect(),
        return_shipping_fee: shared::Money {
            currency_code: "EUR".to_owned(),
            amount_minor: terms.return_shipping_fee_minor,
        },
    }
}
