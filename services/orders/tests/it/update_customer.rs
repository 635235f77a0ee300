use postlude_proto::orders::v1 as pb;
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::world::{Orders, customer, refused};

on_both_databases! {
    async fn the_event_carries_no_way_to_reach_the_customer(kit: Orders) {
        let profile = kit.profile("C-1").await;
        assert_eq!((profile.revision, profile.etag.as_str()), (1, "1"));
        assert_eq!(profile.contact_points.len(), 1);
        assert_eq!(kit.profile("C-1").await, profile);
        kit.drain().await;

        let told = kit.events::<pb::CustomerUpdated>();
        assert_eq!(told.len(), 1);
        let told = told[0].message.customer.clone().unwrap();
        assert_eq!(told.birthday, "--12-10");
        assert_eq!(told, pb::Customer {
            display_name: String::new(),
            contact_points: Vec::new(),
            addresses: Vec::new(),
            ..profile
        });
    }

    async fn replaces_only_what_the_caller_saw(kit: Orders) {
        kit.profile("C-1").await;
        let request = |etag: &str| pb::UpdateCustomerRequest {
            customer: Some(pb::Customer { locale: "de-DE".to_owned(), ..customer("C-1") }),
            etag: etag.to_owned(),
            ..Default::default()
        };
        let stale = kit.customers().update_customer(request("7")).await;
        refused(stale, Code::FailedPrecondition, "ETAG_MISMATCH");
        let updated = kit.customers().update_customer(request("1")).await.unwrap().into_inner();
        assert_eq!((updated.revision, updated.locale.as_str()), (2, "de-DE"));
    }

    async fn names_the_fields_that_are_wrong(kit: Orders) {
        let mut wrong = customer("C-1");
        wrong.contact_points[0].value = "ada".to_owned();
        wrong.birthday = "--02-30".to_owned();
        let request = pb::UpdateCustomerRequest { customer: Some(wrong), ..Default::default() };
        let fields = refused(
            kit.customers().update_customer(request).await,
            Code::InvalidArgument,
            "VALIDATION_FAILED",
        );
        assert_eq!(fields, ["customer.contact_points[0].value", "customer.birthday"]);
    }
}
