//! The call.

use postlude_kernel::TenantId;
use postlude_proto::runs::v1::{
    NotificationPolicyDecideInput, NotificationPolicyDecideOutput, NotificationPolicyDecision,
    notification_policy_decide_output,
};
use wasmtime::Store;

use super::{
    DECIDE, HOOK, bindings, check, guest, message,
    types::{Decision, Facts},
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
    /// Asks the tenant's plugin what happens with a message that is due.
    ///
    /// Never blocks the caller's thread and never fails: the answer says what came of it.
    pub async fn notification_policy_decide(
        &self,
        bindings: &Bindings,
        tenant: &TenantId,
        context: &CallContext,
        facts: &Facts,
    ) -> Answer<Decision> {
        let about = facts
            .message
            .subjects
            .iter()
            .flat_map(|subject| [subject.kind.as_str(), subject.id.as_str()]);
        let about = std::iter::once(facts.message.journey.as_str()).chain(about);
        let input = NotificationPolicyDecideInput {
            context: Some(context.message(tenant, about)),
            facts: Some(message::facts(facts)),
        };
        let (facts, asked) = (facts.clone(), context.clone());
        self.ask(bindings, tenant, &context.subject, input, move |said| {
            check::decision(&asked, &facts, said)
        })
        .await
    }
}

said!(
    NotificationPolicyDecideOutput,
    notification_policy_decide_output::Decision(NotificationPolicyDecision)
);

impl Call for NotificationPolicyDecideInput {
    const HOOK: &'static str = HOOK;
    const FUNCTION: &'static str = DECIDE;
    type Output = NotificationPolicyDecideOutput;

    fn lines(&self) -> u64 {
        self.facts
            .as_ref()
            .and_then(|facts| facts.message.as_ref())
            .map_or(0, |message| {
                u64::try_from(message.subjects.len()).unwrap_or(u64::MAX)
            })
    }

    fn ask(
        &self,
        component: &Component,
        store: &mut Store<Guest>,
    ) -> wasmtime::Result<Self::Output> {
        let instance = bindings::instantiate(component, store)?;
        let context = shared::context(self.context.as_ref());
        let facts = guest::facts(self.facts.as_ref().ok_or(Misfit("facts"))?)?;
        let answer = instance
            .postlude_notification_policy_policy()
            .call_decide(store, &context, &facts)?;
        Ok(Self::Output::new(
            answer.map(guest::said_decision).map_err(shared::said_error),
        ))
    }
}
