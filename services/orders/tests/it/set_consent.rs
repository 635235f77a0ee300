use postlude_proto::orders::v1 as pb;
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::world::{Orders, email_marketing, refused};

on_both_databases! {
    async fn the_latest_by_its_own_time_holds(kit: Orders) {
        let given = email_marketing(true, "2026-03-02T10:00:00Z");
        let unknown = kit.consent("C-1", given.clone()).await;
        refused(unknown, Code::NotFound, "CUSTOMER_NOT_FOUND");
        kit.profile("C-1").await;

        let after = kit.consent("C-1", given.clone()).await.unwrap();
        assert_eq!((after.revision, &after.consents), (2, &vec![given.clone()]));
        let older = email_marketing(false, "2026-03-01T10:00:00Z");
        assert_eq!(kit.consent("C-1", older).await.unwrap(), after);
        assert_eq!(kit.consent("C-1", given).await.unwrap(), after);
        let withdrawn = email_marketing(false, "2026-03-03T10:00:00Z");
        let after = kit.consent("C-1", withdrawn.clone()).await.unwrap();
        assert_eq!((after.revision, after.consents), (3, vec![withdrawn.clone()]));

        // A new profile leaves consents alone.
        let mut changed = crate::world::customer("C-1");
        changed.locale = "de-DE".to_owned();
        let request = pb::UpdateCustomerRequest { customer: Some(changed), ..Default::default() };
        let updated = kit.customers().update_customer(request).await.unwrap().into_inner();
        assert_eq!((updated.revision, updated.consents), (4, vec![withdrawn]));

        kit.drain().await;
        let revisions: Vec<_> = kit
            .events::<pb::CustomerUpdated>()
            .iter()
            .map(|told| told.revision)
            .collect();
        assert_eq!(revisions, [1, 2, 3, 4]);
    }

    async fn asks_for_the_proof(kit: Orders) {
        kit.profile("C-1").await;
        let mut bare = email_marketing(true, "2026-03-02T10:00:00Z");
        bare.text_shown = String::new();
        bare.occurred_time = None;
        let answer = kit.consent("C-1", bare).await;
        let mut fields = refused(answer, Code::InvalidArgument, "VALIDATION_FAILED");
        fields.sort();
        assert_eq!(fields, ["consent.occurred_time", "consent.text_shown"]);
    }
}
