use postlude_proto::returns::v1::{confirm_refund_request::Result as Reported, r#return::State, *};
use postlude_testkit::on_both_databases;

use crate::world::{World, refusal, said};

fn report(refund_id: &str, result: Reported) -> ConfirmRefundRequest {
    ConfirmRefundRequest {
        refund_id: refund_id.to_owned(),
        result: result.into(),
        external_reference: "psp-7".to_owned(),
        failure: "account closed".to_owned(),
        ..Default::default()
    }
}

on_both_databases! {
    async fn ends_the_refund_of_a_tenant_without_an_endpoint(world: World) {
        world.delivered("A-1", 1).await;
        let (state, refund_id) = world.refunding("A-1", 1).await;
        let mut client = world.client.clone();
        let paid = client.confirm_refund(report(&refund_id, Reported::Confirmed)).await.unwrap().into_inner();
        assert_eq!(paid.state(), State::Refunded);
        assert_eq!(paid.refunds[0].state(), refund::State::Confirmed);
        assert_eq!(paid.refunds[0].external_reference, "psp-7");
        // Twice is once.
        let again = client.confirm_refund(report(&refund_id, Reported::Confirmed)).await.unwrap().into_inner();
        assert_eq!(again, paid);
        let told = world.told(&state.return_id).await;
        assert_eq!(told.iter().filter(|name| *name == "refund-confirmed").count(), 1);
        let contradiction = client.confirm_refund(report(&refund_id, Reported::Failed)).await;
        assert_eq!(said(contradiction), refusal("REFUND_STATE_INVALID"));
    }

    async fn a_failure_gives_the_money_back_to_the_limit(world: World) {
        world.delivered("A-1", 1).await;
        let (state, refund_id) = world.refunding("A-1", 1).await;
        let mut client = world.client.clone();
        let failed = client.confirm_refund(report(&refund_id, Reported::Failed)).await.unwrap().into_inner();
        assert_eq!(failed.refunds[0].failure, "account closed");
        assert_eq!(failed.state(), State::Inspected);
        let again = world.refund(&state).await.unwrap();
        assert_eq!(again.refunds.len(), 2);
        assert_eq!(again.refunds[1].breakdown, again.refunds[0].breakdown);
        assert_eq!(
            world.told(&state.return_id).await[4..],
            ["refund-requested", "refund-failed", "refund-requested"]
        );
    }

    async fn knows_only_refunds_that_are_there(world: World) {
        let mut client = world.client.clone();
        let answer = client.confirm_refund(report("rfd_unknown", Reported::Confirmed)).await;
        assert_eq!(said(answer), (tonic::Code::NotFound, "REFUND_NOT_FOUND".to_owned()));
    }
}
