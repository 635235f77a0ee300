//! A bundle's own examples, run under the host's limits.

use postlude_kernel::TenantId;
use postlude_plugin_host::{Component, FixtureError, Host};

use super::{Bundle, COMPONENT, Flaw, Refusal, archive::Archive, manifest::Manifest};

/// Examples of one bundle, at most: an upload waits for all of them.
const MOST: usize = 64;

/// Reads the examples that the manifest lists.
pub(super) fn read(
    archive: &Archive,
    manifest: &Manifest,
) -> Result<Vec<(String, String)>, Refusal> {
    let mut fixtures = Vec::new();
    for folder in &manifest.tests {
        let paths = archive.folder(folder);
        if paths.is_empty() {
            return Err(Refusal::new(
                Flaw::Manifest,
                "plugin.toml: tests",
                format!("the folder `{folder}` has no file in the bundle"),
            ));
        }
        for path in paths {
            let text = archive.text(path, Flaw::Fixture)?;
            fixtures.push((path.to_owned(), text.to_owned()));
        }
    }
    if fixtures.len() > MOST {
        return Err(Refusal::new(
            Flaw::Manifest,
            "plugin.toml: tests",
            format!(
                "a bundle has {MOST} fixtures at most, these are {}",
                fixtures.len()
            ),
        ));
    }
    Ok(fixtures)
}

/// Makes the component ready to be called. Compiles: for a thread that may block.
pub(crate) fn load(host: &Host, bundle: &Bundle) -> Result<Component, Refusal> {
    host.load(&bundle.component_digest, &bundle.component)
        .map_err(|error| Refusal::new(Flaw::Component, COMPONENT, error.to_string()))
}

/// Runs the examples one after the other with the default configuration, or their own: what each came
/// to, by path.
pub(crate) async fn run(
    host: &Host,
    tenant: &TenantId,
    component: &Component,
    bundle: &Bundle,
) -> Vec<(String, Result<(), FixtureError>)> {
    let mut tried = Vec::new();
    for (path, text) in &bundle.fixtures {
        let came = host
            .check_fixture(tenant, component, &bundle.default_config, text)
            .await;
        tried.push((path.clone(), came));
    }
    tried
}
