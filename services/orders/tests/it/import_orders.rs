use futures_util::stream;
use postlude_proto::orders::v1 as pb;
use postlude_testkit::on_both_databases;

use crate::world::{Orders, order};

fn element(line_number: i64, order: pb::Order) -> pb::ImportOrdersRequest {
    pb::ImportOrdersRequest {
        order: Some(order),
        line_number,
    }
}

fn past(order_id: &str, customer_id: &str) -> pb::Order {
    pb::Order {
        customer_id: customer_id.to_owned(),
        origin: pb::order::Origin::Backfill.into(),
        ..order(order_id)
    }
}

async fn import(kit: &Orders, elements: Vec<pb::ImportOrdersRequest>) -> pb::ImportOrdersResponse {
    let reply = kit.orders().import_orders(stream::iter(elements)).await;
    reply.unwrap().into_inner()
}

fn counts(report: &pb::ImportOrdersResponse) -> [i64; 4] {
    [
        report.created_count,
        report.updated_count,
        report.unchanged_count,
        report.failed_count,
    ]
}

on_both_databases! {
    async fn keeps_the_good_lines_and_reports_the_bad(kit: Orders) {
        let mut no_lines = past("B-1", "C-1");
        no_lines.lines.clear();
        let mut foreign = past("B-2", "C-1");
        foreign.shipping_charge.as_mut().unwrap().currency_code = "USD".to_owned();
        let report = import(&kit, vec![
            element(2, past("A-1", "C-1")),
            element(3, no_lines),
            element(4, foreign),
            pb::ImportOrdersRequest { order: None, line_number: 5 },
            element(6, past("A-2", "C-2")),
        ])
        .await;
        assert_eq!(counts(&report), [2, 0, 0, 3]);
        let failures: Vec<_> = report
            .failures
            .iter()
            .map(|failure| (failure.line_number, failure.order_id.as_str(), failure.reason.as_str()))
            .collect();
        assert_eq!(failures, [
            (3, "B-1", "VALIDATION_FAILED"),
            (4, "B-2", "ORDER_CURRENCY_MISMATCH"),
            (5, "", "VALIDATION_FAILED"),
        ]);
        assert!(report.failures[0].message.contains("order.lines"), "{report:?}");
        kit.drain().await;
        assert_eq!(kit.events::<pb::OrderRecorded>().len(), 2);
        assert_eq!(kit.get("A-2").await.unwrap().customer_id, "C-2");
    }

    async fn run_again_it_ends_with_the_same_totals(kit: Orders) {
        let all = |changed: usize| {
            (0..1_200_usize)
                .map(|n| {
                    let mut order = past(&format!("A-{n}"), &format!("C-{}", n % 400));
                    if n < changed {
                        order.tax_included = true;
                    }
                    element(i64::try_from(n).unwrap(), order)
                })
                .collect::<Vec<_>>()
        };
        // As if it had been killed in the middle: the first batch only.
        let part = all(0).into_iter().take(500).collect();
        assert_eq!(counts(&import(&kit, part).await), [500, 0, 0, 0]);
        assert_eq!(counts(&import(&kit, all(0)).await), [700, 0, 500, 0]);
        assert_eq!(counts(&import(&kit, all(0)).await), [0, 0, 1_200, 0]);
        assert_eq!(counts(&import(&kit, all(600)).await), [0, 600, 600, 0]);
        let list = kit.orders().list_orders(pb::ListOrdersRequest::default()).await.unwrap();
        assert_eq!(list.into_inner().total_size, 1_200);
        kit.drain().await;
        assert_eq!(kit.events::<pb::OrderRecorded>().len(), 1_800);
    }

    async fn an_order_that_comes_twice_is_what_it_was_last(kit: Orders) {
        let mut later = past("A-1", "C-1");
        later.tax_included = true;
        let report = import(&kit, vec![
            element(1, past("A-1", "C-1")),
            element(2, past("A-1", "C-1")),
            element(3, later),
        ])
        .await;
        assert_eq!(counts(&report), [1, 1, 1, 0]);
        let order = kit.get("A-1").await.unwrap();
        assert_eq!((order.revision, order.tax_included), (1, true));
        kit.drain().await;
        assert_eq!(kit.events::<pb::OrderRecorded>().len(), 1);
    }
}
