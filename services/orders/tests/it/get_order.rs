use postlude_proto::orders::v1::{self as pb, order_service_client::OrderServiceClient};
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::world::{Orders, refused};

on_both_databases! {
    async fn answers_what_was_recorded(kit: Orders) {
        let recorded = kit.recorded("A-1").await;
        assert_eq!(kit.get("A-1").await.unwrap(), recorded);
        refused(kit.get("A-2").await, Code::NotFound, "ORDER_NOT_FOUND");
    }

    async fn another_tenant_sees_nothing(kit: Orders) {
        kit.recorded("A-1").await;
        let mut other = OrderServiceClient::new(kit.full_channel("other"));
        let request = pb::GetOrderRequest { order_id: "A-1".to_owned() };
        refused(other.get_order(request).await, Code::NotFound, "ORDER_NOT_FOUND");
        let list = other.list_orders(pb::ListOrdersRequest::default()).await.unwrap();
        assert_eq!(list.into_inner().total_size, 0);
    }
}
