//! Shipments, their lines and their scans.

use postlude_proto::orders::v1 as pb;

use super::{
    parse::{Parse, quantity, time},
    words::Word as _,
};
use crate::domain::{
    refusal::Refusal,
    shipment::{LineQuantity, Shipment, Stated},
    tracking::Scan,
};

/// Reads what a caller states of a shipment; "Output only." fields are ignored.
///
/// # Errors
/// [`Refusal::Invalid`] with every field that can't be read, under `shipment.`.
pub(crate) fn parse_stated(value: Option<pb::Shipment>) -> Result<Stated, Refusal> {
    let mut parse = Parse::default();
    let stated = parse
        .required("shipment", value)
        .and_then(|value| stated(&mut parse, value));
    parse.finish(stated)
}

fn stated(parse: &mut Parse, shipment: pb::Shipment) -> Option<Stated> {
    let lines = lines(parse, "shipment.lines", shipment.lines);
    let shipped_time = parse.time("shipment.shipped_time", shipment.shipped_time);
    let estimate = parse.time_or_none(
        "shipment.estimated_delivery_time",
        shipment.estimated_delivery_time,
    );
    Some(Stated {
        shipment_id: shipment.shipment_id,
        lines,
        carrier: shipment.carrier,
        tracking_number: shipment.tracking_number,
        shipped_time: shipped_time?,
        estimate: estimate?,
    })
}

/// Reads quantities of lines.
///
/// # Errors
/// [`Refusal::Invalid`] with every field that can't be read, under `path`.
pub(crate) fn parse_lines(
    path: &str,
    lines: Vec<pb::ShipmentLine>,
) -> Result<Vec<LineQuantity>, Refusal> {
    let mut parse = Parse::default();
    let lines = self::lines(&mut parse, path, lines);
    parse.finish(Some(lines))
}

fn lines(parse: &mut Parse, path: &str, lines: Vec<pb::ShipmentLine>) -> Vec<LineQuantity> {
    lines
        .into_iter()
        .enumerate()
        .filter_map(|(at, line)| {
            let quantity = parse.count(&format!("{path}[{at}].quantity"), line.quantity)?;
            Some(LineQuantity {
                line_id: line.line_id,
                quantity,
            })
        })
        .collect()
}

/// Reads a scan.
///
/// # Errors
/// [`Refusal::Invalid`] with every field that can't be read, under `event.`.
pub(crate) fn parse_scan(value: Option<pb::TrackingEvent>) -> Result<Scan, Refusal> {
    let mut parse = Parse::default();
    let scan = parse
        .required("event", value)
        .and_then(|value| scan(&mut parse, value));
    parse.finish(scan)
}

fn scan(parse: &mut Parse, event: pb::TrackingEvent) -> Option<Scan> {
    let status = match event.status {
        0 => Some(None),
        number => parse.word("event.status", number).map(Some),
    };
    let occurred_time = parse.time("event.occurred_time", event.occurred_time);
    let estimate = parse.time_or_none(
        "event.estimated_delivery_time",
        event.estimated_delivery_time,
    );
    Some(Scan {
        event_id: event.event_id,
        status: status?,
        carrier_status: event.carrier_status,
        occurred_time: occurred_time?,
        location: event.location,
        description: event.description,
        estimate: estimate?,
    })
}

/// Reads a shipment that a row keeps.
pub(super) fn from_stored(parse: &mut Parse, mut stored: pb::Shipment) -> Option<Shipment> {
    let mut scans = Vec::with_capacity(stored.events.len());
    for event in std::mem::take(&mut stored.events) {
        scans.extend(scan(parse, event));
    }
    let stuck_since = parse.time_or_none("shipment.stuck_since", stored.stuck_since);
    let stated = stated(parse, stored);
    Some(Shipment {
        stated: stated?,
        scans,
        stuck_since: stuck_since?,
    })
}

/// The shipment as the world sees it.
pub(crate) fn to_proto(shipment: &Shipment) -> pb::Shipment {
    let stated = &shipment.stated;
    pb::Shipment {
        shipment_id: stated.shipment_id.clone(),
        lines: lines_to_proto(&stated.lines),
        carrier: stated.carrier.clone(),
        tracking_number: stated.tracking_number.clone(),
        shipped_time: Some(time(stated.shipped_time)),
        estimated_delivery_time: shipment.estimate().map(time),
        status: shipment.status().to_proto(),
        delivered_time: shipment.delivered_time().map(time),
        events: shipment.scans.iter().map(scan_to_proto).collect(),
        stuck_since: shipment.stuck_since.map(time),
    }
}

/// Quantities of lines as proto.
pub(crate) fn lines_to_proto(lines: &[LineQuantity]) -> Vec<pb::ShipmentLine> {
    lines
        .iter()
        .map(|line| pb::ShipmentLine {
            line_id: line.line_id.clone(),
            quantity: quantity(line.quantity),
        })
        .collect()
}

fn scan_to_proto(scan: &Scan) -> pb::TrackingEvent {
    pb::TrackingEvent {
        event_id: scan.event_id.clone(),
        status: scan.status.map_or(0, |word| word.to_proto()),
        carrier_status: scan.carrier_status.clone(),
        occurred_time: Some(time(scan.occurred_time)),
        location: scan.location.clone(),
        description: scan.description.clone(),
        estimated_delivery_time: scan.estimate.map(time),
    }
}
