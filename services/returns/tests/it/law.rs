//! What the law of the EU and the UK gives a consumer, and what stays the shop's own to grant.
//!
//! Directive 2011/83/EU on consumer rights (CRD), as Germany has it in its Civil Code (BGB); Directive
//! (EU) 2019/771 on the sale of goods (SGD). The shop's own policy is the built-in one, and every line is
//! sold as final, so that nothing but the law speaks for the customer.

use postlude_kernel::Timestamp;
use postlude_proto::{
    orders::v1::{
        Order, Shipment, ShipmentLine, TrackingStatus,
        order::{BuyerKind, Channel},
    },
    returns::v1::*,
};
use postlude_testkit::on_both_databases;

use crate::world::{World, codes, line, ordered, stamp, total, wanted};

/// A final sale of two lines to a consumer in Germany, with 5.95 of standard shipping.
fn final_sale(order_id: &str) -> Order {
    let mut order = ordered(order_id, vec![line("1", 1), line("2", 1)]);
    order.standard_shipping_charge = order.shipping_charge.clone();
    for line in &mut order.lines {
        line.final_sale = true;
    }
    order
}

fn parcel(line_id: &str, delivered: Timestamp) -> Shipment {
    Shipment {
        shipment_id: format!("s-{line_id}"),
        lines: vec![ShipmentLine {
            line_id: line_id.to_owned(),
            quantity: 1,
        }],
        carrier: "dhl".to_owned(),
        shipped_time: Some(stamp(delivered)),
        delivered_time: Some(stamp(delivered)),
        status: TrackingStatus::Delivered.into(),
        ..Default::default()
    }
}

/// Sells it, and delivers each line at its time.
async fn sell(world: &World, order: Order, delivered: [Timestamp; 2]) {
    let order_id = order.order_id.clone();
    world.shop.insert(order);
    world.shop.capture(&order_id);
    world.shop.change(&order_id, |order| {
        order.shipments = vec![parcel("1", delivered[0]), parcel("2", delivered[1])];
    });
    world.tell(&order_id).await;
}

async fn ask(world: &World, order_id: &str, lines: &[&str], reason: ReturnReason) -> Quote {
    let request = QuoteReturnRequest {
        order_id: order_id.to_owned(),
        lines: lines.iter().map(|line| wanted(line, 1, reason)).collect(),
        ..Default::default()
    };
    let mut client = world.client.clone();
    client.quote_return(request).await.unwrap().into_inner()
}

on_both_databases! {
    /// Withdrawal from a distance sale in Germany: 14 days from delivery (CRD art. 9(1), 9(2)(b); BGB
    /// §§ 355(2), 356(2)), all payments back with standard delivery (CRD art. 13(1), 13(2); BGB § 357(1),
    /// 357(2)), and no fee but the way back (CRD art. 14(1), 14(5)). Final sale is no bar (CRD art. 25).
    async fn a_consumer_in_germany_withdraws_within_fourteen_days_whatever_the_shop_says(world: World) {
        let delivered = world.kit.now();
        sell(&world, final_sale("A-1"), [delivered; 2]).await;
        let early = ask(&world, "A-1", &["1"], ReturnReason::ChangedMind).await;
        assert!(early.lines[0].statutory_withdrawal);
        world.kit.advance_days(14);
        let quote = ask(&world, "A-1", &["1", "2"], ReturnReason::Withdrawal).await;
        assert_eq!(quote.outcome(), Outcome::Approved);
        assert_eq!(codes(&quote.lines[0].reasons), ["STATUTORY_WITHDRAWAL"]);
        assert!(quote.lines.iter().all(|line| line.statutory_withdrawal));
        // Everything that was paid.
        assert_eq!(total(quote.refund.as_ref()), 2 * 1_190 + 595);
        world.kit.advance_days(1);
        let late = ask(&world, "A-1", &["1"], ReturnReason::Withdrawal).await;
        assert_eq!(late.outcome(), Outcome::Declined);
        assert_eq!(codes(&late.lines[0].reasons), ["WITHDRAWAL_PERIOD_OVER", "FINAL_SALE"]);
    }

    /// A sale in a shop is no distance contract (CRD art. 2(7); BGB § 312c): what comes back is the
    /// shop's own to grant.
    async fn a_store_sale_gives_no_right_to_withdraw(world: World) {
        let mut order = final_sale("A-1");
        order.channel = Channel::Store.into();
        sell(&world, order, [world.kit.now(); 2]).await;
        let quote = ask(&world, "A-1", &["1"], ReturnReason::Withdrawal).await;
        assert_eq!(quote.outcome(), Outcome::Declined);
        assert_eq!(codes(&quote.lines[0].reasons), ["WITHDRAWAL_NOT_GIVEN", "FINAL_SALE"]);
        assert!(quote.lines[0].reasons[0].text.contains("at a distance"));
    }

    /// The right is a consumer's, who buys outside of a trade (CRD art. 2(1); BGB §§ 13, 355).
    async fn a_business_sale_gives_no_right_to_withdraw(world: World) {
        let mut order = final_sale("A-1");
        order.buyer_kind = BuyerKind::Business.into();
        sell(&world, order, [world.kit.now(); 2]).await;
        let quote = ask(&world, "A-1", &["1"], ReturnReason::Withdrawal).await;
        assert_eq!(quote.outcome(), Outcome::Declined);
        assert_eq!(codes(&quote.lines[0].reasons), ["WITHDRAWAL_NOT_GIVEN", "FINAL_SALE"]);
        assert!(quote.lines[0].reasons[0].text.contains("consumer"));
    }

    /// Goods of one order that come separately: the days run from the last of them, for all of them (CRD
    /// art. 9(2)(b)(i); BGB § 356(2) no. 1 lit. b).
    async fn a_second_shipment_three_weeks_later_keeps_the_right_open_for_the_first(world: World) {
        let first = world.kit.now();
        let second = first.plus_days(21);
        sell(&world, final_sale("A-1"), [first, second]).await;
        // Five weeks after the first parcel, two after the second.
        world.kit.advance_days(35);
        let quote = ask(&world, "A-1", &["1"], ReturnReason::Withdrawal).await;
        assert_eq!(quote.outcome(), Outcome::Approved);
        assert!(quote.lines[0].statutory_withdrawal);
        world.kit.advance_days(1);
        let late = ask(&world, "A-1", &["1"], ReturnReason::Withdrawal).await;
        assert_eq!(late.outcome(), Outcome::Declined);
    }

    /// "Final sale" excludes a change of mind and no lack of conformity: the seller answers for defects
    /// (SGD art. 10, 13; BGB §§ 434, 437), no agreement to the consumer's detriment holds (SGD art. 21; BGB
    /// § 476(1)), and the remedy is free of charge (SGD art. 14(1)).
    async fn a_final_sale_with_a_defect_comes_back_without_a_fee(world: World) {
        let mut order = final_sale("A-1");
        // Not even where the law of withdrawal is silent.
        order.channel = Channel::Store.into();
        sell(&world, order, [world.kit.now(); 2]).await;
        let refused = ask(&world, "A-1", &["1"], ReturnReason::ChangedMind).await;
        assert_eq!(codes(&refused.lines[0].reasons), ["FINAL_SALE"]);
        let quote = ask(&world, "A-1", &["1"], ReturnReason::Defective).await;
        assert_eq!(quote.outcome(), Outcome::Approved);
        assert_eq!(codes(&quote.lines[0].reasons), ["MERCHANT_FAULT"]);
        let refund = quote.refund.unwrap();
        assert_eq!(total(Some(&refund)), 1_190);
        assert_eq!(refund.restocking_fee.unwrap().amount_minor, 0);
        assert_eq!(refund.return_shipping_fee.unwrap().amount_minor, 0);
    }

    /// Goods made to the consumer's own specification are exempt (CRD art. 16(c); BGB § 312g(2) no. 1).
    async fn custom_made_goods_are_exempt(world: World) {
        let mut order = final_sale("A-1");
        order.lines[0].withdrawal_exemption =
            postlude_proto::orders::v1::order_line::WithdrawalExemption::CustomMade.into();
        sell(&world, order, [world.kit.now(); 2]).await;
        let quote = ask(&world, "A-1", &["1"], ReturnReason::Withdrawal).await;
        assert_eq!(codes(&quote.lines[0].reasons), ["WITHDRAWAL_NOT_GIVEN", "FINAL_SALE"]);
        let other = ask(&world, "A-1", &["2"], ReturnReason::Withdrawal).await;
        assert_eq!(other.outcome(), Outcome::Approved);
    }
}
