//! A third party's client: Python, through reflection, with nothing generated.

use std::path::Path;

use anyhow::{Context as _, ensure};
use postlude_journeys::{World, on_every_setup};
use tokio::process::Command;

on_every_setup! {
    async fn a_client_that_knows_no_contract_tells_the_story(world: World) -> anyhow::Result<()> {
        let shop = world.tenant("shop").await?;
        world.install_standard_returns(&shop).await?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients/python/run.sh");
        let told = Command::new(&script)
            .args([&world.address, &shop.key])
            .output()
            .await
            .with_context(|| format!("{}", script.display()))?;
        let printed = String::from_utf8_lossy(&told.stdout);
        let said = String::from_utf8_lossy(&told.stderr);
        ensure!(told.status.success(), "{printed}\n{said}");
        ensure!(printed.contains("The story holds."), "{printed}\n{said}");
        Ok(())
    }
}
