//! The registry at work, with a `returns` and a `loyalty` that the test plays. There are no
//! `notifications`.

use postlude_chassis::{Service, ServiceChannel};
use postlude_plugin_registry::{Migrator, service};
use postlude_proto::plugins::v1::{
    InstallPluginRequest, Installation, PluginVersion, UploadPluginRequest,
    plugin_service_client::PluginServiceClient,
};
use postlude_testkit::{Database, Kit, Start};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

use crate::{bundles::Bundle, runs};

pub(crate) type Client = PluginServiceClient<ServiceChannel>;

pub(crate) struct Registry(pub(crate) Kit);

impl Start for Registry {
    async fn start(database: Database) -> Self {
        let kit = Kit::builder()
            .upstream("returns", runs::returns())
            .upstream("loyalty", runs::loyalty())
            .start("plugin-registry", database, async |context| {
                context.store.migrate::<Migrator>().await?;
                Ok::<Service, Box<dyn std::error::Error + Send + Sync>>(service(context)?)
            })
            .await;
        Self(kit)
    }
}

impl Registry {
    pub(crate) fn client(&self, tenant: &str) -> Client {
        PluginServiceClient::new(self.0.full_channel(tenant))
    }

    pub(crate) fn internal(&self) -> Client {
        PluginServiceClient::new(self.0.internal_channel("platform"))
    }

    pub(crate) async fn upload(
        &self,
        tenant: &str,
        bundle: &Bundle,
    ) -> Result<PluginVersion, Status> {
        self.upload_as(tenant, &bundle.bytes(), "").await
    }

    pub(crate) async fn upload_as(
        &self,
        tenant: &str,
        bytes: &[u8],
        request_id: &str,
    ) -> Result<PluginVersion, Status> {
        let request_id = request_id.to_owned();
        let elements: Vec<_> = bytes
            .chunks(100_000)
            .map(|chunk| UploadPluginRequest {
                chunk: chunk.to_vec(),
                request_id: request_id.clone(),
            })
            .collect();
        self.client(tenant)
            .upload_plugin(tokio_stream::iter(elements))
            .await
            .map(Response::into_inner)
    }

    pub(crate) async fn install(&self, tenant: &str, id: &str, version: &str) -> Installation {
        self.upload(tenant, &Bundle::new(id, version))
            .await
            .unwrap();
        self.client(tenant)
            .install_plugin(InstallPluginRequest {
                plugin_id: id.to_owned(),
                version: version.to_owned(),
                ..InstallPluginRequest::default()
            })
            .await
            .unwrap()
            .into_inner()
    }
}

/// The code and the reason of a refusal.
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.unwrap_err();
    let reason = status.get_details_error_info().unwrap().reason;
    (status.code(), reason)
}

/// The fields that a refusal names.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    let mut fields: Vec<_> = status
        .get_details_bad_request()
        .unwrap()
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect();
    fields.sort();
    fields
}
