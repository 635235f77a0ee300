use postlude_proto::orders::v1 as pb;
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::world::{Orders, euro, order, refused, shipment};

on_both_databases! {
    async fn the_same_order_again_makes_neither_revision_nor_event(kit: Orders) {
        let first = kit.recorded("A-1").await;
        assert_eq!((first.revision, first.etag.as_str()), (1, "1"));
        assert_eq!(first.state(), pb::order::State::Open);
        assert_eq!(kit.recorded("A-1").await, first);
        kit.drain().await;

        let told = kit.events::<pb::OrderRecorded>();
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].subject.as_str(), told[0].revision), ("A-1", 1));
        assert_eq!(told[0].message.order.as_ref(), Some(&first));
    }

    async fn another_content_is_the_next_revision(kit: Orders) {
        kit.recorded("A-1").await;
        let mut changed = order("A-1");
        changed.lines[0].title = "Running shoe".to_owned();
        // What is for output only is ignored.
        changed.revision = 77;
        changed.lines[0].shipped_quantity = 2;
        let changed = kit.record(changed).await.unwrap();
        assert_eq!(changed.revision, 2);
        assert_eq!(changed.lines[0].shipped_quantity, 0);
        kit.drain().await;
        let revisions: Vec<_> = kit
            .events::<pb::OrderRecorded>()
            .iter()
            .map(|told| told.revision)
            .collect();
        assert_eq!(revisions, [1, 2]);
    }

    async fn names_the_fields_that_are_wrong(kit: Orders) {
        let mut twice = order("A-1");
        twice.lines[1].line_id = "1".to_owned();
        twice.lines[0].line_total = Some(euro(-1));
        let fields = refused(kit.record(twice).await, Code::InvalidArgument, "VALIDATION_FAILED");
        assert_eq!(fields, ["order.lines[1].line_id", "order.lines[0].line_total.amount_minor"]);

        let mut foreign = order("A-1");
        foreign.lines[0].tax.as_mut().unwrap().currency_code = "USD".to_owned();
        let fields = refused(
            kit.record(foreign).await,
            Code::InvalidArgument,
            "ORDER_CURRENCY_MISMATCH",
        );
        assert_eq!(fields, ["order.lines[0].tax.currency_code"]);

        let mut empty = order("A-1");
        empty.lines.clear();
        let fields = refused(kit.record(empty).await, Code::InvalidArgument, "VALIDATION_FAILED");
        assert_eq!(fields, ["order.lines"]);
    }

    async fn keeps_the_currency_and_what_was_shipped(kit: Orders) {
        kit.recorded("A-1").await;
        kit.ship("A-1", shipment(&[("1", 2)])).await.unwrap();

        let mut fewer = order("A-1");
        fewer.lines[0].quantity = 1;
        refused(kit.record(fewer).await, Code::FailedPrecondition, "ORDER_LINE_SHIPPED");

        let mut dollars = order("A-1");
        dollars.currency_code = "USD".to_owned();
        dollars.shipping_charge = None;
        dollars.tenders.clear();
        for line in &mut dollars.lines {
            line.tax = None;
            line.line_total.as_mut().unwrap().currency_code = "USD".to_owned();
        }
        refused(kit.record(dollars).await, Code::FailedPrecondition, "ORDER_CURRENCY_CHANGED");
    }

    async fn replaces_only_what_the_caller_saw(kit: Orders) {
        kit.recorded("A-1").await;
        let request = |etag: &str| {
            let mut order = order("A-1");
            order.lines[0].title = format!("changed on {etag}");
            pb::RecordOrderRequest { order: Some(order), etag: etag.to_owned(), ..Default::default() }
        };
        let answer = kit.orders().record_order(request("9")).await;
        refused(answer, Code::FailedPrecondition, "ETAG_MISMATCH");
        let reply = kit.orders().record_order(request("1")).await.unwrap().into_inner();
        assert_eq!(reply.etag, "2");
    }
}
