//! Step 5: every decision is asked "why?", and run again.

use postlude_proto::{
    plugins::v1::{GetRunRequest, ListRunsRequest, ReplayRunRequest},
    returns::v1::Return,
    runs::v1::Run,
};

use super::Stage;

impl Stage {
    pub(super) async fn ask_why(&mut self, done: &Return) -> anyhow::Result<()> {
        self.teller.chapter("5. Why? And the same again");
        let platform = self.platform.clone();
        let runs = platform
            .call("the runs can't be listed", async || {
                let request = ListRunsRequest {
                    hook: "return-policy".to_owned(),
                    page_size: 50,
                    subject: self.order.order_id.clone(),
                    ..ListRunsRequest::default()
                };
                platform.plugins().list_runs(request).await
            })
            .await?
            .runs;
        let decision = done.decision.clone().unwrap_or_default();
        if decision.run_id.is_empty() {
            anyhow::bail!(
                "the return was decided by {}, not by a plugin; `postlude plugin install` puts one into service",
                decision.plugin_id
            );
        }
        let mut run_ids: Vec<String> = runs.into_iter().map(|run| run.run_id).collect();
        if !run_ids.contains(&decision.run_id) {
            run_ids.push(decision.run_id.clone());
        }
        run_ids.reverse();
        for run_id in run_ids {
            let run = platform
                .call("a run can't be read", async || {
                    let request = GetRunRequest {
                        run_id: run_id.clone(),
                    };
                    platform.plugins().get_run(request).await
                })
                .await?;
            self.tell_run(&run);
            self.replay(&run).await?;
        }
        Ok(())
    }

    fn tell_run(&mut self, run: &Run) {
        self.teller.did(
            "plugins",
            format!(
                "{} asked {}/{} of {} {}: {} fuel, {} µs",
                run.run_id,
                run.hook,
                run.function,
                run.plugin_id,
                run.plugin_version,
                run.fuel,
                run.duration_micros
            ),
        );
        self.teller
            .did("", format!("  component {}", run.component_digest));
        self.teller
            .did("", format!("  config    {}", run.config_digest));
        self.teller
            .did("", format!("  answered  {}", run.output_json));
        for log in &run.logs {
            self.teller
                .did("", format!("  logged    {}", log.escape_debug()));
        }
    }

    async fn replay(&mut self, run: &Run) -> anyhow::Result<()> {
        let platform = self.platform.clone();
        let replay = platform
            .call("the run can't be replayed", async || {
                let request = ReplayRunRequest {
                    run_id: run.run_id.clone(),
                };
                platform.plugins().replay_run(request).await
            })
            .await?;
        let same = replay.identical && replay.replayed_output == run.output;
        let fuel = !replay.same_engine || replay.recorded_fuel == replay.replayed_fuel;
        if !same || !fuel {
            anyhow::bail!("{} replayed to something else", run.run_id);
        }
        self.teller.did(
            "",
            format!(
                "  replayed  the same {} bytes{}",
                replay.replayed_output.len(),
                if replay.same_engine {
                    " on the same fuel"
                } else {
                    ""
                }
            ),
        );
        Ok(())
    }
}
