//! Goods for goods, through the service.

use postlude_proto::returns::v1::{confirm_refund_request::Result as Reported, r#return::State, *};
use postlude_testkit::on_both_databases;

use crate::world::{World, eur, refusal, said, total};

fn request(state: &Return, price: i64, instant: bool) -> ExchangeReturnRequest {
    ExchangeReturnRequest {
        return_id: state.return_id.clone(),
        replacement_lines: vec![ReplacementLine {
            sku: "SKU-2".to_owned(),
            quantity: 1,
            net: Some(eur(price)),
            tax: None,
        }],
        instant,
        ..Default::default()
    }
}

async fn exchange(world: &World, request: ExchangeReturnRequest) -> Result<Return, tonic::Status> {
    let mut client = world.client.clone();
    client
        .exchange_return(request)
        .await
        .map(tonic::Response::into_inner)
}

async fn report(world: &World, state: &Return, result: Reported) -> Return {
    let mut client = world.client.clone();
    let request = ConfirmRefundRequest {
        refund_id: state.refunds.last().unwrap().refund_id.clone(),
        result: result.into(),
        ..Default::default()
    };
    client.confirm_refund(request).await.unwrap().into_inner()
}

fn worth(state: &Return) -> i64 {
    total(state.lines[0].refund.as_ref())
}

on_both_databases! {
    async fn the_difference_is_charged_before_the_replacement_ships(world: World) {
        world.delivered("A-1", 2).await;
        let inspected = world.inspected("A-1", 1).await;
        let dearer = request(&inspected, worth(&inspected) + 500, false);
        let asked = exchange(&world, dearer).await.unwrap();
        assert_eq!(asked.exchanges[0].state(), exchange::State::AwaitingPayment);
        assert_eq!(total(asked.refunds[0].breakdown.as_ref()), -500);
        world.kit.drain().await;
        assert!(world.kit.events::<ExchangeCreated>().is_empty());

        let done = report(&world, &asked, Reported::Confirmed).await;
        assert_eq!(done.state(), State::Exchanged);
        assert_eq!(done.exchanges[0].state(), exchange::State::Completed);
        world.kit.drain().await;
        let told = world.kit.events::<ExchangeCreated>();
        assert_eq!(told.len(), 1);
        let told = told[0].message.exchange.clone().unwrap();
        assert_eq!(told.replacement_lines[0].sku, "SKU-2");
        // The unit was given up: it can't be refunded as well, and the other can.
        let again = exchange(&world, request(&done, 100, false)).await;
        assert_eq!(said(again), refusal("RETURN_STATE_INVALID"));
        assert_eq!(world.inspected("A-1", 1).await.state(), State::Inspected);
    }

    async fn a_refused_charge_gives_the_money_back_to_the_limits(world: World) {
        world.delivered("A-1", 1).await;
        let inspected = world.inspected("A-1", 1).await;
        let asked = exchange(&world, request(&inspected, worth(&inspected) + 1, false)).await.unwrap();
        let refused = report(&world, &asked, Reported::Failed).await;
        assert_eq!(refused.exchanges[0].state(), exchange::State::Failed);
        let refunded = world.refund(&refused).await.unwrap();
        assert_eq!(total(refunded.refunds[1].breakdown.as_ref()), worth(&inspected));
    }

    async fn an_instant_exchange_is_charged_when_the_goods_do_not_come(world: World) {
        world.delivered("A-1", 1).await;
        let opened = world.open("A-1", 1).await;
        let shipped = exchange(&world, request(&opened, 1_190, true)).await.unwrap();
        assert!(shipped.exchanges[0].instant);
        world.kit.drain().await;
        assert_eq!(world.kit.events::<ExchangeCreated>().len(), 1);
        world.kit.advance_days(13);
        world.kit.drain().await;
        assert_eq!(world.get(&opened.return_id).await.state(), State::Approved);
        world.kit.advance_days(1);
        world.kit.drain().await;
        let overdue = world.get(&opened.return_id).await;
        assert_eq!(overdue.state(), State::Expired);
        assert_eq!(total(overdue.refunds[0].breakdown.as_ref()), -1_190);
        assert_eq!(overdue.exchanges[0].state(), exchange::State::AwaitingPayment);
        let charged = report(&world, &overdue, Reported::Confirmed).await;
        assert_eq!(charged.exchanges[0].state(), exchange::State::Completed);
        assert_eq!(world.kit.events::<ExchangeCreated>().len(), 1);
    }

    async fn an_instant_exchange_ends_even_when_the_goods_come_in_time(world: World) {
        world.delivered("A-1", 1).await;
        let opened = world.open("A-1", 1).await;
        let price = worth(&opened);
        exchange(&world, request(&opened, price, true)).await.unwrap();
        let mut client = world.client.clone();
        let cancel = CancelReturnRequest { return_id: opened.return_id.clone(), ..Default::default() };
        assert_eq!(said(client.cancel_return(cancel).await), refusal("EXCHANGE_OPEN"));
        let judged = world.inspect(&world.receive(&opened).await).await;
        let done = world.refund(&judged).await.unwrap();
        assert_eq!(done.state(), State::Exchanged);
        // The deadline passes, and nothing is charged.
        world.kit.advance_days(30);
        world.kit.drain().await;
        assert_eq!(world.get(&opened.return_id).await.refunds.len(), 1);
    }

    async fn bad_prices_are_named(world: World) {
        world.delivered("A-1", 1).await;
        let inspected = world.inspected("A-1", 1).await;
        let negative = exchange(&world, request(&inspected, -1, false)).await;
        assert_eq!(said(negative).1, "VALIDATION_FAILED");
        let mut foreign = request(&inspected, 100, false);
        foreign.replacement_lines[0].net = Some(postlude_proto::r#type::v1::Money {
            currency_code: "USD".to_owned(),
            amount_minor: 100,
        });
        let refused = exchange(&world, foreign).await.unwrap_err();
        assert!(refused.message().contains("net") || format!("{refused:?}").contains("replacement_lines[0].net"));
    }

    async fn a_retry_is_one_exchange(world: World) {
        world.delivered("A-1", 1).await;
        let inspected = world.inspected("A-1", 1).await;
        let once = ExchangeReturnRequest {
            request_id: "x-1".to_owned(),
            ..request(&inspected, 500, false)
        };
        let first = exchange(&world, once.clone()).await.unwrap();
        assert_eq!(exchange(&world, once).await.unwrap(), first);
        assert_eq!((first.exchanges.len(), first.refunds.len()), (1, 1));
    }
}
