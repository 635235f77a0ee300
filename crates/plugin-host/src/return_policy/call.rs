//! The two calls.

use postlude_kernel::TenantId;
use postlude_proto::runs::v1::{
    ReturnPolicyDecideInput, ReturnPolicyDecideOutput, ReturnPolicyDecision, ReturnPolicyOrder,
    ReturnPolicyTerms, ReturnPolicyTermsInput, ReturnPolicyTermsOutput,
    return_policy_decide_output, return_policy_terms_output,
};
use wasmtime::Store;

use super::{
    DECIDE, HOOK, TERMS, bindings, check, guest, message,
    types::{Decision, Facts, Order, OrderTerms},
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
    /// Asks the tenant's plugin for the terms of an order that has just arrived.
    ///
    /// Never blocks the caller's thread and never fails: the answer says what came of it.
    pub async fn return_policy_terms(
        &self,
        bindings: &Bindings,
        tenant: &TenantId,
        context: &CallContext,
        order: &Order,
    ) -> Answer<OrderTerms> {
        let input = ReturnPolicyTermsInput {
            context: Some(context.message(tenant, line_ids(order))),
            order: Some(message::order(order)),
        };
        let order = order.clone();
        self.ask(bindings, tenant, &context.subject, input, move |said| {
            check::terms(&order, said)
        })
        .await
    }

    /// Asks the tenant's plugin whether something may come back.
    ///
    /// Never blocks the caller's thread and never fails: the answer says what came of it.
    pub async fn return_policy_decide(
        &self,
        bindings: &Bindings,
        tenant: &TenantId,
        context: &CallContext,
        facts: &Facts,
        terms: &OrderTerms,
    ) -> Answer<Decision> {
        let input = ReturnPolicyDecideInput {
            context: Some(context.message(tenant, line_ids(&facts.order))),
            facts: Some(message::facts(facts)),
            terms: Some(message::terms(terms, facts.order.currency)),
        };
        let (facts, terms, asked) = (facts.clone(), terms.clone(), context.clone());
        self.ask(bindings, tenant, &context.subject, input, move |said| {
            check::decision(&asked, &facts, &terms, said)
        })
        .await
    }
}

fn line_ids(order: &Order) -> impl Iterator<Item = &str> {
    order.lines.iter().map(|line| line.line_id.as_str())
}

fn lines(order: Option<&ReturnPolicyOrder>) -> u64 {
    order.map_or(0, |order| {
        u64::try_from(order.lines.len()).unwrap_or(u64::MAX)
    })
}

said!(
    ReturnPolicyTermsOutput,
    return_policy_terms_output::Terms(ReturnPolicyTerms)
);
said!(
    ReturnPolicyDecideOutput,
    return_policy_decide_output::Decision(ReturnPolicyDecision)
);

impl Call for ReturnPolicyTermsInput {
    const HOOK: &'static str = HOOK;
    const FUNCTION: &'static str = TERMS;
    type Output = ReturnPolicyTermsOutput;

    fn lines(&self) -> u64 {
        lines(self.order.as_ref())
    }

    fn ask(
        &self,
        component: &Component,
        store: &mut Store<Guest>,
    ) -> wasmtime::Result<Self::Output> {
        let instance = bindings::instantiate(component, store)?;
        let context = shared::context(self.context.as_ref());
        let order = guest::order(self.order.as_ref().ok_or(Misfit("order"))?)?;
        let answer = instance
            .postlude_return_policy_policy()
            .call_terms(store, &context, &order)?;
        Ok(Self::Output::new(
            answer.map(guest::said_terms).map_err(shared::said_error),
        ))
    }
}

impl Call for ReturnPolicyDecideInput {
    const HOOK: &'static str = HOOK;
    const FUNCTION: &'static str = DECIDE;
    type Output = ReturnPolicyDecideOutput;

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
        let facts = guest::facts(self.facts.as_ref().ok_or(Misfit("facts"))?)?;
        let terms = guest::terms(self.terms.as_ref().ok_or(Misfit("terms"))?)?;
        let answer = instance
            .postlude_return_policy_policy()
            .call_decide(store, &context, &facts, &terms)?;
        Ok(Self::Output::new(
            answer.map(guest::said_decision).map_err(shared::said_error),
        ))
    }
}
