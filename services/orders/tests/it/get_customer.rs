use postlude_proto::orders::v1::{self as pb, customer_service_client::CustomerServiceClient};
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::world::{Orders, refused};

on_both_databases! {
    async fn a_customer_is_known_once_there_is_a_profile(kit: Orders) {
        let request = pb::GetCustomerRequest { customer_id: "C-1".to_owned() };
        kit.recorded("A-1").await;
        let answer = kit.customers().get_customer(request.clone()).await;
        refused(answer, Code::NotFound, "CUSTOMER_NOT_FOUND");
        let profile = kit.profile("C-1").await;
        let found = kit.customers().get_customer(request.clone()).await.unwrap();
        assert_eq!(found.into_inner(), profile);

        let mut other = CustomerServiceClient::new(kit.full_channel("other"));
        refused(other.get_customer(request).await, Code::NotFound, "CUSTOMER_NOT_FOUND");
    }
}
