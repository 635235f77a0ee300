use postlude_proto::orders::v1 as pb;
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::world::{Orders, order, refused, time};

async fn list(kit: &Orders, customer_id: &str, page_token: &str) -> pb::ListOrdersResponse {
    let request = pb::ListOrdersRequest {
        page_size: 2,
        page_token: page_token.to_owned(),
        customer_id: customer_id.to_owned(),
    };
    kit.orders()
        .list_orders(request)
        .await
        .unwrap()
        .into_inner()
}

fn ids(page: &pb::ListOrdersResponse) -> Vec<&str> {
    page.orders
        .iter()
        .map(|order| order.order_id.as_str())
        .collect()
}

on_both_databases! {
    async fn goes_through_all_pages_newest_first(kit: Orders) {
        for (id, placed) in [("A", "02"), ("B", "04"), ("C", "03"), ("D", "04"), ("E", "01")] {
            let mut order = order(id);
            order.placed_time = Some(time(&format!("2026-03-{placed}T00:00:00Z")));
            if id == "C" {
                order.customer_id = "C-2".to_owned();
            }
            kit.record(order).await.unwrap();
        }
        let first = list(&kit, "", "").await;
        assert_eq!((ids(&first), first.total_size), (vec!["D", "B"], 5));
        let second = list(&kit, "", &first.next_page_token).await;
        assert_eq!(ids(&second), ["C", "A"]);
        let last = list(&kit, "", &second.next_page_token).await;
        assert_eq!((ids(&last), last.next_page_token.as_str()), (vec!["E"], ""));

        let one = list(&kit, "C-2", "").await;
        assert_eq!((ids(&one), one.total_size), (vec!["C"], 1));
        assert_eq!(list(&kit, "C-9", "").await.total_size, 0);
    }

    async fn refuses_a_token_of_another_list(kit: Orders) {
        for id in ["A", "B", "C"] {
            kit.recorded(id).await;
        }
        let token = list(&kit, "", "").await.next_page_token;
        for page_token in [token.as_str(), "nonsense"] {
            let request = pb::ListOrdersRequest {
                page_token: page_token.to_owned(),
                customer_id: "C-1".to_owned(),
                ..Default::default()
            };
            let answer = kit.orders().list_orders(request).await;
            let fields = refused(answer, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
            assert_eq!(fields, ["page_token"]);
        }
    }
}
