"""One order, told whole, by a client that has never seen the contracts.

Steps 1, 2, 3 and 5 of the story, as far as orders and returns go: recorded and delivered, quoted and returned,
received, inspected and refunded, and every decision asked "why?" and replayed.
"""

from __future__ import annotations

import argparse
import sys
import time
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any, Callable

import grpc
import pypdfium2
import zxingcpp
from client import CallError, Client

ORDERS = "postlude.orders.v1.OrderService"
CUSTOMERS = "postlude.orders.v1.CustomerService"
RETURNS = "postlude.returns.v1.ReturnService"
PLUGINS = "postlude.plugins.v1.PluginService"


def read_barcodes(document: bytes) -> list[str]:
    """What a scanner reads off the printed first page of a PDF, at 200 dots per inch."""
    page = pypdfium2.PdfDocument(document)[0].render(scale=200 / 72).to_pil()
    return [barcode.text for barcode in zxingcpp.read_barcodes(page)]


def check(holds: bool, what: str, found: Any = "") -> None:
    """Ends the story if something doesn't hold."""
    if not holds:
        sys.exit(f"FAILED: {what}\n{found}")
    print(f"  ok  {what}")


def eventually(what: str, ask: Callable[[], Any], deadline: float = 60.0) -> Any:
    """Asks until the answer is neither None nor refused; services agree through events."""
    end, last = time.monotonic() + deadline, None
    while time.monotonic() < end:
        try:
            answer = ask()
            if answer is not None:
                return answer
        except CallError as error:
            last = error
        time.sleep(0.05)
    sys.exit(f"FAILED: {what}: not within {deadline:.0f} s\n{last or ''}")


def refused(client_call: Callable[[], Any]) -> CallError:
    """The error of a call that must be refused."""
    try:
        answer = client_call()
    except CallError as error:
        return error
    sys.exit(f"FAILED: the call was not refused\n{answer}")


def stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def euros(minor: int) -> dict[str, Any]:
    return {"currency_code": "EUR", "amount_minor": str(minor)}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("address", help="host:port of the gateway")
    options.add_argument("key", help="an API key, plk_…")
    options.add_argument("--no-plugin", action="store_true", help="the tenant has no plugin installed")
    told = options.parse_args()

    client = Client(told.address, told.key)
    run = uuid.uuid4().hex[:12]
    order_id, customer_id = f"py-{run}", f"py-customer-{run}"
    now = datetime.now(timezone.utc).replace(microsecond=0)
    placed, shipped, delivered = (now - timedelta(days=days) for days in (6, 5, 2))

    print("0. What the server says of itself")
    services = client.services()
    for service in (ORDERS, CUSTOMERS, RETURNS, PLUGINS):
        check(service in services, f"{service} is described, {len(client.methods(service))} methods")
    error = refused(lambda: Client(told.address, None).call(f"{ORDERS}/GetOrder", order_id=order_id))
    check(error.code == grpc.StatusCode.UNAUTHENTICATED, "without a key: UNAUTHENTICATED", error)

    print("1. The order, its shipments, its parcels")
    order = {
        "order_id": order_id,
        "customer_id": customer_id,
        "currency_code": "EUR",
        "lines": [
            line("1", "BOOT-42", "shoes", 2, 16000, 3040),
            line("2", "SHIRT-M", "clothing", 1, 4000, 760),
            line("3", "SOCKS", "clothing", 3, 1500, 285),
        ],
        "shipping_charge": euros(490),
        "shipping_tax": euros(93),
        "destination_country": "DE",
        "buyer_kind": "CONSUMER",
        "channel": "ONLINE",
        "fulfilment_method": "SHIP",
        "placed_time": stamp(placed),
        "origin": "LIVE",
    }
    first = client.call(f"{ORDERS}/RecordOrder", order=order, request_id=f"order-{run}")
    again = client.call(f"{ORDERS}/RecordOrder", order=order, request_id=f"order-{run}")
    check(first == again, "the same request_id answers the same")
    changed = {**order, "destination_country": "FR"}
    error = refused(lambda: client.call(f"{ORDERS}/RecordOrder", order=changed, request_id=f"order-{run}"))
    check(
        error.code == grpc.StatusCode.INVALID_ARGUMENT and "request_id" in error.fields,
        "the same request_id with another body: INVALID_ARGUMENT naming request_id",
        error,
    )
    client.call(
        f"{ORDERS}/RecordPayment",
        order_id=order_id,
        payment={
            "payment_id": f"pay-{run}",
            "kind": "CAPTURED",
            "amount": euros(16000 + 3040 + 4000 + 760 + 1500 + 285 + 490 + 93),
            "occurred_time": stamp(placed),
        },
    )
    for number, lines in (("s1", [("1", 2)]), ("s2", [("2", 1), ("3", 3)])):
        client.call(
            f"{ORDERS}/RecordShipment",
            order_id=order_id,
            shipment={
                "shipment_id": number,
                "lines": [{"line_id": name, "quantity": count} for name, count in lines],
                "carrier": "dhl",
                "tracking_number": f"{run}-{number}",
                "shipped_time": stamp(shipped),
            },
        )
        for rank, (status, when) in enumerate(
            (("DELIVERED", delivered), ("IN_TRANSIT", shipped), ("DELIVERED", delivered))
        ):
            client.call(
                f"{ORDERS}/RecordTrackingEvent",
                order_id=order_id,
                shipment_id=number,
                event={
                    "event_id": f"{number}-{status}",
                    "status": f"TRACKING_STATUS_{status}",
                    "occurred_time": stamp(when),
                },
            )
    order_now = client.call(f"{ORDERS}/GetOrder", order_id=order_id)
    check(order_now.state == 4, "late and repeated scans: the order is DELIVERED", order_now.state)
    for seen in client.watch(f"{ORDERS}/WatchOrder", order_id=order_id):
        check(seen.revision == order_now.revision, "a watch starts with the order as it is")
        break

    print("2. A quote, a return, a label")
    wanted = [{"line_id": "1", "quantity": 1, "reason": "RETURN_REASON_CHANGED_MIND"}]

    def quoted() -> Any:
        """A quote that knows of the delivery and the payment; both travel as events."""
        answer = client.call(f"{RETURNS}/QuoteReturn", order_id=order_id, lines=wanted)
        by_plugin = told.no_plugin or bool(answer.decision.component_digest)
        knows = answer.outcome in (1, 3) and answer.lines[0].HasField("return_by_time")
        return answer if knows and by_plugin else None

    quote = eventually("returns knows of the delivery", quoted)
    check(bool(quote.reasons) and bool(quote.lines[0].reasons), "the quote says why", quote)
    check(quote.refund.total.amount_minor > 0, f"it offers {quote.refund.total.amount_minor} minor units", quote)
    if not told.no_plugin:
        check(quote.decision.component_digest.startswith("sha256:"), "and which component decided", quote.decision)
        check(quote.outcome == 1, "the plugin says yes", quote)
    for reason in quote.lines[0].reasons:
        print(f"        {reason.code} ({reason.source}): {reason.text}")

    def opened() -> Any:
        """A return by the quote; by another one where the facts have changed since."""
        nonlocal quote
        try:
            return client.call(
                f"{RETURNS}/CreateReturn",
                order_id=order_id,
                quote_id=quote.quote_id,
                request_id=f"return-{run}",
            )
        except CallError as error:
            if error.reason != "QUOTE_CHANGED":
                raise
            quote = eventually("another quote", quoted)
            return None

    made = eventually("the return is opened", opened)
    return_id = made.return_id
    if made.state == 2:
        made = client.call(f"{RETURNS}/ApproveReturn", return_id=return_id, note="a person looked at it")
    check(made.state == 3, "the return is APPROVED", made)
    too_many = [{"line_id": "1", "quantity": 2, "reason": "RETURN_REASON_CHANGED_MIND"}]
    error = refused(lambda: client.call(f"{RETURNS}/CreateReturn", order_id=order_id, lines=too_many))
    check(
        (error.code, error.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "RETURN_QUANTITY_EXCEEDED"),
        "more than is left: FAILED_PRECONDITION RETURN_QUANTITY_EXCEEDED",
        error,
    )
    client.call(f"{RETURNS}/IssueLabel", return_id=return_id)

    def labelled() -> Any:
        answer = client.call(f"{RETURNS}/GetReturn", return_id=return_id)
        return answer if answer.state == 4 and answer.label.content else None

    label = eventually("the worker fetches the label", labelled).label
    scanned = read_barcodes(label.content)
    check(scanned == [label.tracking_number], f"label {label.tracking_number}, as a scanner reads it", scanned)

    print("3. Back, counted, judged, refunded")
    client.call(
        f"{RETURNS}/RecordReturnScan",
        return_id=return_id,
        scan={"event_id": "scan-1", "occurred_time": stamp(now)},
    )
    came = client.call(f"{RETURNS}/GetReturn", return_id=return_id).lines[0].return_line_id
    client.call(
        f"{RETURNS}/ReceiveReturn", return_id=return_id, lines=[{"return_line_id": came, "quantity": 1}]
    )
    client.call(
        f"{RETURNS}/InspectReturn",
        return_id=return_id,
        lines=[{"return_line_id": came, "quantity": 1, "disposition": "DISPOSITION_RESTOCK"}],
    )
    asked = client.call(f"{RETURNS}/RefundReturn", return_id=return_id, request_id=f"refund-{run}")
    repeated = client.call(f"{RETURNS}/RefundReturn", return_id=return_id, request_id=f"refund-{run}")
    check(len(asked.refunds) == 1 and asked.refunds == repeated.refunds, "the refund is asked for once", asked)
    check(asked.refunds[0].breakdown.total == quote.refund.total, "for the sum that was quoted", asked.refunds)
    current = client.call(f"{RETURNS}/GetReturn", return_id=return_id).refunds[0]
    if current.state == 1:
        client.call(
            f"{RETURNS}/ConfirmRefund",
            refund_id=current.refund_id,
            result="CONFIRMED",
            external_reference=f"bank-{run}",
        )

    def refunded() -> Any:
        answer = client.call(f"{RETURNS}/GetReturn", return_id=return_id)
        return answer if answer.state == 8 and answer.refunds[0].state == 2 else None

    done = eventually("the payment system confirms", refunded)
    check(done.state == 8, f"the return is REFUNDED at revision {done.revision}")

    print("5. Why?")
    for reason in done.reasons:
        print(f"        {reason.code} ({reason.source}): {reason.text}")
    check(bool(done.reasons), "the return says why")
    if not told.no_plugin:
        decision = done.decision
        check(bool(decision.run_id), f"decided by {decision.plugin_id} {decision.plugin_version}, {decision.run_id}")
        replay = client.call(f"{PLUGINS}/ReplayRun", run_id=decision.run_id)
        check(
            replay.identical and replay.recorded_output == replay.replayed_output,
            f"replayed on {replay.component_digest[:19]}…: the same {len(replay.recorded_output)} bytes",
            replay,
        )
    print("The story holds.")


def line(name: str, sku: str, category: str, quantity: int, total: int, tax: int) -> dict[str, Any]:
    return {
        "line_id": name,
        "sku": sku,
        "category": category,
        "title": sku.title(),
        "quantity": quantity,
        "line_total": euros(total),
        "tax": euros(tax),
    }


if __name__ == "__main__":
    try:
        main()
    except CallError as refusal:
        sys.exit(f"FAILED: {refusal}")
