//! The two calls.

use postlude_kernel::TenantId;
use postlude_proto::runs::v1::{
    LoyaltyRulesClawbackDecision, LoyaltyRulesClawbackInput, LoyaltyRulesClawbackOutput,
    LoyaltyRulesEarnInput, LoyaltyRulesEarnOutput, LoyaltyRulesEarning, LoyaltyRulesOrder,
    loyalty_rules_clawback_output, loyalty_rules_earn_output,
};
use wasmtime::Store;

use super::{
    CLAWBACK, EARN, HOOK, bindings, check, guest, message,
    types::{ClawbackDecision, ClawbackFacts, EarnFacts, Earning, Order},
};
use crate::{
    binding::Bindings,
    component::Component,
    context::CallContext,
    hook::{Call, Said, said},
    host::Host,
    run::Answer,
    sandbox::Guest,
    shared::{self, Misfit},
};

impl Host {
    /// Asks the tenant's plugin what an order earns.
    ///
    /// Never blocks the caller's thread and never fails: the answer says what came of it.
    pub async fn loyalty_rules_earn(
        &self,
        bindings: &Bindings,
        tenant: &TenantId,
        context: &CallContext,
        facts: &EarnFacts,
    ) -> Answer<Earning> {
        let input = LoyaltyRulesEarnInput {
            context: Some(context.message(tenant, line_ids(&facts.order))),
            facts: Some(message::earn(facts)),
        };
        let facts = facts.clone();
        self.ask(bindings, tenant, &context.subject, input, move |said| {
            check::earning(&facts, said)
        })
        .await
    }

    /// Asks the tenant's plugin what happens with points that can't be taken back.
    ///
    /// Never blocks the caller's thread and never fails: the answer says what came of it.
    pub async fn loyalty_rules_clawback(
        &self,
        bindings: &Bindings,
        tenant: &TenantId,
        context: &CallContext,
        facts: &ClawbackFacts,
    ) -> Answer<ClawbackDecision> {
        let input = LoyaltyRulesClawbackInput {
            context: Some(context.message(tenant, line_ids(&facts.order))),
            facts: Some(message::clawback(facts)),
        };
        self.ask(bindings, tenant, &context.subject, input, check::clawback)
            .await
    }
}

fn line_ids(order: &Order) -> impl Iterator<Item = &str> {
    order.lines.iter().map(|line| line.line_id.as_str())
}

fn lines(order: Option<&LoyaltyRulesOrder>) -> u64 {
    order.map_or(0, |order| {
        u64::try_from(order.lines.len()).unwrap_or(u64::MAX)
    })
}

said!(
    LoyaltyRulesEarnOutput,
    loyalty_rules_earn_output::Earning(LoyaltyRulesEarning)
);
said!(
    LoyaltyRulesClawbackOutput,
    loyalty_rules_clawback_output::Decision(LoyaltyRulesClawbackDecision)
);

impl Call for LoyaltyRulesEarnInput {
    const HOOK: &'static str = HOOK;
    const FUNCTION: &'static str = EARN;
    type Output = LoyaltyRulesEarnOutput;

    /// The lines, and the campaigns that may touch them.
    fn lines(&self) -> u64 {
        self.facts.as_ref().map_or(0, |facts| {
            let campaigns = u64::try_from(facts.campaigns.len()).unwrap_or(u64::MAX);
            lines(facts.order.as_ref()).saturating_add(campaigns)
        })
    }

    fn ask(
        &self,
        component: &Component,
        store: &mut Store<Guest>,
    ) -> wasmtime::Result<Self::Output> {
        let instance = bindings::instantiate(component, store)?;
        let context = shared::context(self.context.as_ref());
        let facts = guest::earn(self.facts.as_ref().ok_or(Misfit("facts"))?)?;
        let answer = instance
            .postlude_loyalty_rules_rules()
            .call_earn(store, &context, &facts)?;
        Ok(Self::Output::new(
            answer.map(guest::said_earning).map_err(shared::said_error),
        ))
    }
}

impl Call for LoyaltyRulesClawbackInput {
    const HOOK: &'static str = HOOK;
    const FUNCTION: &'static str = CLAWBACK;
    type Output = LoyaltyRulesClawbackOutput;

    fn lines(&self) -> u64 {
        lines(self.facts.as_ref().and_then(|facts| facts.order.as_ref()))
    }

    fn ask(
        &self,
        component: &Component,
        store: &mut Store<Guest>,
    ) -> wasmtime::Result<Self::Output> {
        let instance = bindings::instantiate(component, store)?;
        let context = shared::context(self.context.as_ref());
        let facts = guest::clawback(self.facts.as_ref().ok_or(Misfit("facts"))?)?;
        let answer = instance
            .postlude_loyalty_rules_rules()
            .call_clawback(store, &context, &facts)?;
        Ok(Self::Output::new(
            answer.map(guest::said_clawback).map_err(shared::said_error),
        ))
    }
}
