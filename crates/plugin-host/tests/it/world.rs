//! A host with components, and an order to ask about.

use std::{path::PathBuf, sync::Arc};

use postlude_kernel::{Currency, ManualClock, SeededIds, TenantId, Timestamp};
use postlude_plugin_host::{
    Answer, Binding, Bindings, Bound, CallContext, Component, FaultAction, FaultCode, Host,
    HostConfig, Reason, Verdict, digest,
    return_policy::{
        BuyerKind, Channel, CustomerHistory, Decision, Facts, Fulfilment, LineTerms, Order,
        OrderLine, OrderTerms, RequestLine, RestockingFee, ReturnMethod, ReturnReason,
        WithdrawalExemption,
    },
};

pub(crate) const NOW: &str = "2026-11-20T12:00:00Z";

pub(crate) struct World {
    pub(crate) host: Host,
    pub(crate) bindings: Bindings,
    pub(crate) clock: Arc<ManualClock>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut HostConfig)) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::parse(NOW).unwrap()));
        let mut config = HostConfig::new(
            Arc::clone(&clock) as Arc<dyn postlude_kernel::Clock>,
            Arc::new(SeededIds::new(7)),
        );
        // Compiled by whichever test comes first.
        config.cache_dir = Some(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("machine-code"));
        // A loaded machine must not look like a runaway.
        config.limits.time = std::time::Duration::from_secs(60);
        change(&mut config);
        Self {
            host: Host::new(config).unwrap(),
            bindings: Bindings::new(),
            clock,
        }
    }

    pub(crate) fn component(&self, name: &str) -> Component {
        let bytes = component_bytes(name);
        self.host.load(&digest(&bytes), &bytes).unwrap()
    }

    pub(crate) fn misbehaving(&self, tenant: &TenantId, behaviour: &str) -> Arc<Bound> {
        let config = format!("{{\"behaviour\": \"{behaviour}\"}}");
        self.bound(tenant, "fixtures/misbehaves", behaviour, &config)
    }

    pub(crate) fn bound(
        &self,
        tenant: &TenantId,
        component: &str,
        plugin_id: &str,
        config: &str,
    ) -> Arc<Bound> {
        let component = self.component(component);
        Arc::new(Bound::new(
            binding(tenant, plugin_id, component.digest(), config),
            component,
        ))
    }

    pub(crate) fn bind(&self, behaviour: &str) {
        self.bindings
            .replace([self.misbehaving(&tenant(), behaviour)]);
    }

    pub(crate) async fn decide(&self) -> Answer<Decision> {
        self.decide_for(&tenant()).await
    }

    pub(crate) async fn decide_for(&self, tenant: &TenantId) -> Answer<Decision> {
        self.host
            .return_policy_decide(&self.bindings, tenant, &context(), &facts(), &terms())
            .await
    }
}

pub(crate) fn fault<T: std::fmt::Debug>(answer: &Answer<T>) -> (FaultCode, String) {
    let Verdict::Fault(fault) = &answer.verdict else {
        panic!("a fault is expected: {:?}", answer.verdict);
    };
    (fault.code, fault.message.clone())
}

pub(crate) fn answered<T: std::fmt::Debug>(answer: Answer<T>) -> T {
    let Verdict::Answered(said) = answer.verdict else {
        panic!("an answer is expected: {:?}", answer.verdict);
    };
    said
}

pub(crate) fn component_bytes(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../plugins/dist")
        .join(format!("{name}.wasm"));
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask plugins`", path.display()))
}

pub(crate) fn binding(
    tenant: &TenantId,
    plugin_id: &str,
    component_digest: &str,
    config: &str,
) -> Binding {
    Binding {
        tenant: tenant.clone(),
        plugin_id: plugin_id.to_owned(),
        plugin_version: "1.0.0".to_owned(),
        component_digest: component_digest.to_owned(),
        config_json: config.to_owned(),
        config_digest: digest(config.as_bytes()),
        generation: 1,
        fault_action: FaultAction::ManualReview,
    }
}

pub(crate) fn tenant() -> TenantId {
    TenantId::parse("demo").unwrap()
}

pub(crate) fn context() -> CallContext {
    CallContext {
        subject: "A-1001".to_owned(),
        now: Timestamp::parse(NOW).unwrap(),
        locale: "en".to_owned(),
        utc_offset_minutes: 0,
    }
}

pub(crate) fn order() -> Order {
    Order {
        order_id: "A-1001".to_owned(),
        currency: Currency::parse("EUR").unwrap(),
        country_code: "DE".to_owned(),
        buyer_kind: BuyerKind::Consumer,
        channel: Channel::Online,
        fulfilment: Fulfilment::Ship,
        tax_included: true,
        shipping_minor: 490,
        placed: Timestamp::parse("2026-11-01T09:00:00Z").unwrap(),
        lines: vec![
            line("1", "electronics", 2, 20_000),
            line("2", "shoes", 1, 8_000),
        ],
    }
}

pub(crate) fn line(line_id: &str, category: &str, quantity: u32, net_minor: i64) -> OrderLine {
    OrderLine {
        line_id: line_id.to_owned(),
        sku: format!("SKU-{line_id}"),
        category: category.to_owned(),
        quantity,
        net_minor,
        tax_minor: net_minor * 19 / 100,
        final_sale: false,
        gift: false,
        warranty_months: 24,
        withdrawal_exemption: WithdrawalExemption::None,
    }
}

pub(crate) fn facts() -> Facts {
    let delivered = Timestamp::parse("2026-11-05T10:00:00Z").unwrap();
    Facts {
        order: order(),
        request: vec![RequestLine {
            line_id: "1".to_owned(),
            quantity: 1,
            reason: ReturnReason::ChangedMind,
            unsealed: false,
            delivered: Some(delivered),
            shipped: Some(Timestamp::parse("2026-11-03T10:00:00Z").unwrap()),
            delivered_quantity: 2,
            returned_quantity: 0,
            paid_minor: 11_900,
        }],
        method: ReturnMethod::Mail,
        last_delivered: Some(delivered),
        captured_minor: 33_810,
        refunded_minor: 0,
        customer: CustomerHistory {
            order_count: 3,
            return_count: 1,
            refunded_minor: 0,
        },
    }
}

pub(crate) fn terms() -> OrderTerms {
    let line = |line_id: &str| LineTerms {
        line_id: line_id.to_owned(),
        window_days: 30,
        final_sale: false,
        withdrawal_right: true,
        restocking_fee: RestockingFee::BasisPoints(1_000),
        reasons: vec![Reason {
            code: "SHOP_WINDOW".to_owned(),
            text: "Goods may come back within 30 days.".to_owned(),
        }],
    };
    OrderTerms {
        lines: vec![line("1"), line("2")],
        return_shipping_fee_minor: 490,
    }
}
