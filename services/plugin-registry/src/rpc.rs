//! The contract's methods: one line each, one file each.

mod configure_plugin;
mod disable_plugin;
mod fetch_component;
mod get_bindings;
mod get_plugin;
mod get_run;
mod install_plugin;
mod list_plugins;
mod list_runs;
mod owners;
mod replay_run;
mod rollback_plugin;
mod upload_plugin;

use std::sync::Arc;

use postlude_chassis::rpc::{Replies, client_stream, server_stream, unary};
use postlude_proto::{
    plugins::v1::{
        ConfigurePluginRequest, DisablePluginRequest, FetchComponentRequest,
        FetchComponentResponse, GetBindingsRequest, GetBindingsResponse, GetPluginRequest,
        GetRunRequest, InstallPluginRequest, Installation, ListPluginsRequest, ListPluginsResponse,
        ListRunsRequest, Plugin, PluginVersion, ReplayRunRequest, RollbackPluginRequest,
        UploadPluginRequest, plugin_service_server::PluginService,
    },
    runs::v1 as runs,
};
use tonic::{Request, Response, Status, Streaming};

use crate::App;

/// The service's methods.
pub(crate) struct Rpc(pub(crate) Arc<App>);

type Reply<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl PluginService for Rpc {
    type FetchComponentStream = Replies<FetchComponentResponse>;

    async fn upload_plugin(
        &self,
        request: Request<Streaming<UploadPluginRequest>>,
    ) -> Reply<PluginVersion> {
        client_stream(request, |caller, incoming| {
            upload_plugin::handle(&self.0, caller, incoming)
        })
        .await
    }

    async fn install_plugin(&self, request: Request<InstallPluginRequest>) -> Reply<Installation> {
        unary(request, |caller, request| {
            install_plugin::handle(&self.0, caller, request)
        })
        .await
    }

    async fn configure_plugin(
        &self,
        request: Request<ConfigurePluginRequest>,
    ) -> Reply<Installation> {
        unary(request, |caller, request| {
            configure_plugin::handle(&self.0, caller, request)
        })
        .await
    }

    async fn rollback_plugin(
        &self,
        request: Request<RollbackPluginRequest>,
    ) -> Reply<Installation> {
        unary(request, |caller, request| {
            rollback_plugin::handle(&self.0, caller, request)
        })
        .await
    }

    async fn disable_plugin(&self, request: Request<DisablePluginRequest>) -> Reply<Installation> {
        unary(request, |caller, request| {
            disable_plugin::handle(&self.0, caller, request)
        })
        .await
    }

    async fn get_plugin(&self, request: Request<GetPluginRequest>) -> Reply<Plugin> {
        unary(request, |caller, request| {
            get_plugin::handle(&self.0, caller, request)
        })
        .await
    }

    async fn list_plugins(
        &self,
        request: Request<ListPluginsRequest>,
    ) -> Reply<ListPluginsResponse> {
        unary(request, |caller, request| {
            list_plugins::handle(&self.0, caller, request)
        })
        .await
    }

    async fn get_bindings(
        &self,
        request: Request<GetBindingsRequest>,
    ) -> Reply<GetBindingsResponse> {
        unary(request, |_caller, request| {
            get_bindings::handle(&self.0, request)
        })
        .await
    }

    async fn fetch_component(
        &self,
        request: Request<FetchComponentRequest>,
    ) -> Reply<Self::FetchComponentStream> {
        server_stream(request, |_caller, request| {
            fetch_component::handle(&self.0, request)
        })
        .await
    }

    async fn list_runs(&self, request: Request<ListRunsRequest>) -> Reply<runs::ListRunsResponse> {
        unary(request, |caller, request| {
            list_runs::handle(&self.0, caller, request)
        })
        .await
    }

    async fn get_run(&self, request: Request<GetRunRequest>) -> Reply<runs::Run> {
        unary(request, |caller, request| {
            get_run::handle(&self.0, caller, request)
        })
        .await
    }

    async fn replay_run(&self, request: Request<ReplayRunRequest>) -> Reply<runs::Replay> {
        unary(request, |caller, request| {
            replay_run::handle(&self.0, caller, request)
        })
        .await
    }
}
