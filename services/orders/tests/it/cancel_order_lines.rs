use postlude_proto::orders::v1 as pb;
use postlude_testkit::on_both_databases;
use tonic::{Code, Status};

use crate::world::{Orders, refused, shipment, units};

async fn cancel(kit: &Orders, lines: &[(&str, i32)], etag: &str) -> Result<pb::Order, Status> {
    let request = pb::CancelOrderLinesRequest {
        order_id: "A-1".to_owned(),
        lines: units(lines),
        etag: etag.to_owned(),
        ..Default::default()
    };
    Ok(kit.orders().cancel_order_lines(request).await?.into_inner())
}

on_both_databases! {
    async fn takes_units_away_until_none_is_left(kit: Orders) {
        kit.recorded("A-1").await;
        let some = cancel(&kit, &[("1", 2)], "1").await.unwrap();
        assert_eq!((some.revision, some.lines[0].cancelled_quantity), (2, 2));
        let none = cancel(&kit, &[("1", 1), ("2", 1)], "").await.unwrap();
        assert_eq!(none.state(), pb::order::State::Cancelled);
        kit.drain().await;
        let told = kit.events::<pb::OrderLinesCancelled>();
        assert_eq!(told.len(), 2);
        assert_eq!(told[1].message.lines, units(&[("1", 1), ("2", 1)]));
    }

    async fn refuses_what_is_not_open(kit: Orders) {
        refused(cancel(&kit, &[("1", 1)], "").await, Code::NotFound, "ORDER_NOT_FOUND");
        kit.recorded("A-1").await;
        let many = cancel(&kit, &[("1", 4)], "").await;
        refused(many, Code::FailedPrecondition, "CANCEL_QUANTITY_EXCEEDED");
        let unknown = cancel(&kit, &[("9", 1)], "").await;
        refused(unknown, Code::NotFound, "ORDER_LINE_NOT_FOUND");
        kit.ship("A-1", shipment(&[("2", 1)])).await.unwrap();
        let gone = cancel(&kit, &[("2", 1)], "").await;
        refused(gone, Code::FailedPrecondition, "ORDER_LINE_SHIPPED");
        let stale = cancel(&kit, &[("1", 1)], "1").await;
        refused(stale, Code::FailedPrecondition, "ETAG_MISMATCH");
        let twice = cancel(&kit, &[("1", 1), ("1", 1)], "").await;
        let fields = refused(twice, Code::InvalidArgument, "VALIDATION_FAILED");
        assert_eq!(fields, ["lines[1].line_id"]);
    }
}
