//! Orders for the tests of this folder.

use postlude_kernel::{Currency, Money, Timestamp};

use super::{
    content::{BuyerKind, Channel, Content, FulfilmentMethod, Line, Origin, Tender, TenderKind},
    order::{Order, record},
    shipment::{LineQuantity, Stated},
};

/// Euro cents.
pub(crate) fn euro(amount_minor: i64) -> Money {
    Money::new(Currency::parse("EUR").unwrap(), amount_minor)
}

/// A time on one day, by its second.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_760_000_000_000_000 + second * 1_000_000)
}

/// Line `1` with three units, line `2` with one.
pub(crate) fn content() -> Content {
    let line = |line_id: &str, quantity| Line {
        line_id: line_id.to_owned(),
        sku: format!("SKU-{line_id}"),
        category: "shoes".to_owned(),
        title: String::new(),
        quantity,
        line_total: euro(1_000),
        tax: Some(euro(190)),
        unit_price: None,
        final_sale: false,
        gift: false,
        warranty_months: 24,
        withdrawal_exemption: None,
    };
    Content {
        order_id: "A-1".to_owned(),
        customer_id: "C-1".to_owned(),
        currency: Currency::parse("EUR").unwrap(),
        lines: vec![line("1", 3), line("2", 1)],
        tax_included: true,
        shipping_charge: Some(euro(495)),
        shipping_tax: None,
        standard_shipping_charge: None,
        destination_country: "DE".to_owned(),
        buyer_kind: BuyerKind::Consumer,
        tenders: vec![Tender {
            tender_id: "card".to_owned(),
            kind: TenderKind::Card,
            amount: euro(2_875),
        }],
        channel: Channel::Online,
        fulfilment_method: FulfilmentMethod::Ship,
        placed_time: at(0),
        origin: Origin::Live,
    }
}

/// [`content`], recorded.
pub(crate) fn order() -> Order {
    record(None, content(), "", at(10)).unwrap().unwrap().order
}

/// A shipment with `quantity` units of one line.
pub(crate) fn stated(shipment_id: &str, line_id: &str, quantity: u32) -> Stated {
    Stated {
        shipment_id: shipment_id.to_owned(),
        lines: vec![LineQuantity {
            line_id: line_id.to_owned(),
            quantity,
        }],
        carrier: "dhl".to_owned(),
        tracking_number: "00340".to_owned(),
        shipped_time: at(100),
        estimate: Some(at(10_000)),
    }
}
