use postlude_proto::orders::v1::{
    self as pb, customer_service_client::CustomerServiceClient,
    order_service_client::OrderServiceClient,
};
use postlude_testkit::on_both_databases;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::world::{Orders, SHOP};

fn code<T>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.err().expect("is refused");
    let scope = status
        .get_details_error_info()
        .and_then(|info| info.metadata.get("scope").cloned())
        .unwrap_or_default();
    (status.code(), scope)
}

on_both_databases! {
    async fn every_method_asks_for_its_scope(kit: Orders) {
        let mut orders = OrderServiceClient::new(kit.channel(SHOP, &["returns.read"]));
        let mut customers = CustomerServiceClient::new(kit.channel(SHOP, &["returns.read"]));
        let nothing = || futures_util::stream::empty::<pb::ImportOrdersRequest>();
        let denied = |scope: &str| (Code::PermissionDenied, scope.to_owned());
        let write = denied("orders.write");
        let read = denied("orders.read");
        assert_eq!(code(orders.record_order(pb::RecordOrderRequest::default()).await), write);
        assert_eq!(code(orders.import_orders(nothing()).await), write);
        assert_eq!(code(orders.get_order(pb::GetOrderRequest::default()).await), read);
        assert_eq!(code(orders.list_orders(pb::ListOrdersRequest::default()).await), read);
        assert_eq!(code(orders.record_payment(pb::RecordPaymentRequest::default()).await), write);
        assert_eq!(code(orders.cancel_order_lines(pb::CancelOrderLinesRequest::default()).await), write);
        assert_eq!(code(orders.record_shipment(pb::RecordShipmentRequest::default()).await), write);
        assert_eq!(code(orders.record_tracking_event(pb::RecordTrackingEventRequest::default()).await), write);
        assert_eq!(code(orders.watch_order(pb::WatchOrderRequest::default()).await), read);
        let write = denied("customers.write");
        let erase = denied("customers.erase");
        assert_eq!(code(customers.get_customer(pb::GetCustomerRequest::default()).await), denied("customers.read"));
        assert_eq!(code(customers.update_customer(pb::UpdateCustomerRequest::default()).await), write);
        assert_eq!(code(customers.set_consent(pb::SetConsentRequest::default()).await), write);
        assert_eq!(code(customers.erase_customer(pb::EraseCustomerRequest::default()).await), erase);
        assert_eq!(code(customers.get_erasure(pb::GetErasureRequest::default()).await), erase);
    }

    async fn nobody_is_let_in_without_an_identity(kit: Orders) {
        let mut orders = OrderServiceClient::new(kit.routes());
        let mut customers = CustomerServiceClient::new(kit.routes());
        let order = orders.get_order(pb::GetOrderRequest::default()).await;
        assert_eq!(code(order).0, Code::Unauthenticated);
        let customer = customers.get_customer(pb::GetCustomerRequest::default()).await;
        assert_eq!(code(customer).0, Code::Unauthenticated);
    }
}
