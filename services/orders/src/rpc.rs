//! The two gRPC services: one line per method. The story of each is in its own file.

mod cancel_order_lines;
mod erase_customer;
mod get_customer;
mod get_erasure;
mod get_order;
mod import_orders;
mod list_orders;
mod record_order;
mod record_payment;
mod record_shipment;
mod record_tracking_event;
mod set_consent;
mod update_customer;
mod watch_order;

use postlude_chassis::rpc::{Replies, client_stream, server_stream, unary};
use postlude_proto::orders::v1::{
    CancelOrderLinesRequest, Customer, EraseCustomerRequest, Erasure, GetCustomerRequest,
    GetErasureRequest, GetOrderRequest, ImportOrdersRequest, ImportOrdersResponse,
    ListOrdersRequest, ListOrdersResponse, Order, RecordOrderRequest, RecordPaymentRequest,
    RecordShipmentRequest, RecordTrackingEventRequest, SetConsentRequest, Shipment,
    UpdateCustomerRequest, WatchOrderRequest, customer_service_server::CustomerService,
    order_service_server::OrderService,
};
use tonic::{Request, Response, Status, Streaming, async_trait};

use crate::App;

type Reply<T> = Result<Response<T>, Status>;

/// `postlude.orders.v1.OrderService`.
#[derive(Debug)]
pub(crate) struct Orders(pub(crate) App);

#[async_trait]
impl OrderService for Orders {
    type WatchOrderStream = Replies<Order>;

    async fn record_order(&self, request: Request<RecordOrderRequest>) -> Reply<Order> {
        unary(request, |caller, m| {
            record_order::handle(&self.0, caller, m)
        })
        .await
    }
    async fn import_orders(
        &self,
        request: Request<Streaming<ImportOrdersRequest>>,
    ) -> Reply<ImportOrdersResponse> {
        client_stream(request, |caller, m| {
            import_orders::handle(&self.0, caller, m)
        })
        .await
    }
    async fn get_order(&self, request: Request<GetOrderRequest>) -> Reply<Order> {
        unary(request, |caller, m| get_order::handle(&self.0, caller, m)).await
    }
    async fn list_orders(&self, request: Request<ListOrdersRequest>) -> Reply<ListOrdersResponse> {
        unary(request, |caller, m| list_orders::handle(&self.0, caller, m)).await
    }
    async fn record_payment(&self, request: Request<RecordPaymentRequest>) -> Reply<Order> {
        unary(request, |caller, m| {
            record_payment::handle(&self.0, caller, m)
        })
        .await
    }
    async fn cancel_order_lines(&self, request: Request<CancelOrderLinesRequest>) -> Reply<Order> {
        unary(request, |caller, m| {
            cancel_order_lines::handle(&self.0, caller, m)
        })
        .await
    }
    async fn record_shipment(&self, request: Request<RecordShipmentRequest>) -> Reply<Order> {
        unary(request, |caller, m| {
            record_shipment::handle(&self.0, caller, m)
        })
        .await
    }
    async fn record_tracking_event(
        &self,
        request: Request<RecordTrackingEventRequest>,
    ) -> Reply<Shipment> {
        unary(request, |caller, m| {
            record_tracking_event::handle(&self.0, caller, m)
        })
        .await
    }
    async fn watch_order(
        &self,
        request: Request<WatchOrderRequest>,
    ) -> Reply<Self::WatchOrderStream> {
        server_stream(request, |caller, m| watch_order::handle(&self.0, caller, m)).await
    }
}

/// `postlude.orders.v1.CustomerService`.
#[derive(Debug)]
pub(crate) struct Customers(pub(crate) App);

#[async_trait]
impl CustomerService for Customers {
    async fn get_customer(&self, request: Request<GetCustomerRequest>) -> Reply<Customer> {
        unary(request, |caller, m| {
            get_customer::handle(&self.0, caller, m)
        })
        .await
    }
    async fn update_customer(&self, request: Request<UpdateCustomerRequest>) -> Reply<Customer> {
        unary(request, |caller, m| {
            update_customer::handle(&self.0, caller, m)
        })
        .await
    }
    async fn set_consent(&self, request: Request<SetConsentRequest>) -> Reply<Customer> {
        unary(request, |caller, m| set_consent::handle(&self.0, caller, m)).await
    }
    async fn erase_customer(&self, request: Request<EraseCustomerRequest>) -> Reply<Erasure> {
        unary(request, |caller, m| {
            erase_customer::handle(&self.0, caller, m)
        })
        .await
    }
    async fn get_erasure(&self, request: Request<GetErasureRequest>) -> Reply<Erasure> {
        unary(request, |caller, m| get_erasure::handle(&self.0, caller, m)).await
    }
}
