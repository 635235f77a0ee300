//! `postlude plugin runs` and `postlude plugin replay`: why was it decided so, and is it still?

use clap::Args;
use postlude_proto::{
    plugins::v1::{GetRunRequest, ListRunsRequest, ReplayRunRequest},
    runs::v1::{Run, run},
};
use serde_json::json;

use super::{
    Client, client,
    json::{pretty, run_json},
};
use crate::cli::{
    client::{Connection, Tried as _},
    output::{Output, short, table},
};

/// Which runs.
#[derive(Debug, Args)]
pub(crate) struct Runs {
    /// Show this run, with input and output.
    run_id: Option<String>,
    /// Only this hook's; every hook's, if absent.
    #[arg(long)]
    hook: Option<String>,
    /// Only runs about this subject: an order's number, for example.
    #[arg(long, default_value = "")]
    subject: String,
    /// Runs at most.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i32).range(1..=500))]
    limit: i32,
    #[command(flatten)]
    connection: Connection,
}

/// Whose lines.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Only this plugin's.
    plugin_id: Option<String>,
    /// Only this hook's; every hook's, if absent.
    #[arg(long)]
    hook: Option<String>,
    /// Only runs about this subject: an order's number, for example.
    #[arg(long, default_value = "")]
    subject: String,
    /// Runs to look through, newest first.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i32).range(1..=500))]
    limit: i32,
    #[command(flatten)]
    connection: Connection,
}

/// Which run.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The run; every decision names its own.
    run_id: String,
    #[command(flatten)]
    connection: Connection,
}

/// Lists runs, or shows one.
pub(super) async fn list_or_show(command: &Runs, output: Output) -> anyhow::Result<()> {
    let mut client = client(&command.connection).await?;
    if let Some(run_id) = &command.run_id {
        let request = GetRunRequest {
            run_id: run_id.clone(),
        };
        let run = client
            .get_run(request)
            .await
            .tried(format!("{run_id} can't be shown"))?;
        output.print(&run_json(&run), || {
            let mut text = vec![
                format!(
                    "{} {}/{} about {}: {}",
                    run.run_id,
                    run.hook,
                    run.function,
                    run.subject,
                    result(&run)
                ),
                format!(
                    "by {} {} {}",
                    run.plugin_id, run.plugin_version, run.component_digest
                ),
                format!(
                    "fuel {}, {} µs, {} bytes of memory, answer {}",
                    run.fuel, run.duration_micros, run.memory_bytes, run.action
                ),
                format!("input:\n{}", pretty(&run.input_json)),
                format!("output:\n{}", pretty(&run.output_json)),
            ];
            text.extend(
                run.logs
                    .iter()
                    .map(|log| format!("log: {}", log.escape_debug())),
            );
            text.push(format!("next: postlude plugin replay {}", run.run_id));
            text.join("\n")
        });
        return Ok(());
    }
    let runs = newest(
        &mut client,
        command.hook.as_deref(),
        &command.subject,
        command.limit,
    )
    .await?;
    let json = json!({ "runs": runs.iter().map(run_json).collect::<Vec<_>>() });
    output.print(&json, || {
        if runs.is_empty() {
            return format!("no runs{}", of(command.hook.as_deref()));
        }
        let rows = runs.iter().map(|run| {
            [
                run.run_id.clone(),
                format!("{}/{}", run.hook, run.function),
                run.subject.clone(),
                format!("{} {}", run.plugin_id, run.plugin_version),
                short(&run.component_digest),
                result(run),
                run.action.clone(),
                run.fuel.to_string(),
                run.duration_micros.to_string(),
            ]
        });
        table(
            [
                "run",
                "asked",
                "subject",
                "plugin",
                "component",
                "result",
                "answer",
                "fuel",
                "µs",
            ],
            rows,
        )
    });
    Ok(())
}

/// The newest runs of one hook, or of all. Of all, a service that isn't there hides no other's runs.
async fn newest(
    client: &mut Client,
    hook: Option<&str>,
    subject: &str,
    limit: i32,
) -> anyhow::Result<Vec<Run>> {
    let mut runs = Vec::new();
    let mut failed = None;
    let all = postlude_plugin_host::hooks().iter().map(|hook| hook.name);
    let asked: Vec<&str> = hook.map_or_else(|| all.collect(), |hook| vec![hook]);
    let hooks = asked.len();
    let mut failures = 0;
    for hook in asked {
        let page = client
            .list_runs(ListRunsRequest {
                hook: hook.to_owned(),
                page_size: limit,
                page_token: String::new(),
                subject: subject.to_owned(),
            })
            .await
            .tried(format!("the runs of {hook} can't be listed"));
        match page {
            Ok(page) => runs.extend(page.runs),
            Err(error) => {
                failures += 1;
                failed = Some(error);
            }
        }
    }
    if let Some(error) = failed.filter(|_| failures == hooks) {
        return Err(error);
    }
    let time = |run: &Run| run.run_time.as_ref().map(|time| (time.seconds, time.nanos));
    runs.sort_by(|a, b| (time(b), &b.run_id).cmp(&(time(a), &a.run_id)));
    runs.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(runs)
}

/// Which hook, at the end of a sentence.
fn of(hook: Option<&str>) -> String {
    hook.map(|hook| format!(" of {hook}")).unwrap_or_default()
}

/// What plugins have logged, and why calls failed, oldest first.
pub(super) async fn logs(command: &Logs, output: Output) -> anyhow::Result<()> {
    let mut runs = newest(
        &mut client(&command.connection).await?,
        command.hook.as_deref(),
        &command.subject,
        command.limit,
    )
    .await?;
    runs.reverse();
    runs.retain(|run| {
        let wanted = command.plugin_id.as_ref();
        let speaks = !run.logs.is_empty() || run.result() != run::Result::Decided;
        wanted.is_none_or(|id| *id == run.plugin_id) && speaks
    });
    let json = json!({
        "runs": runs.iter().map(|run| json!({
            "run_id": run.run_id,
            "plugin_id": run.plugin_id,
            "plugin_version": run.plugin_version,
            "function": run.function,
            "subject": run.subject,
            "result": result(run),
            "logs": run.logs,
        })).collect::<Vec<_>>(),
    });
    output.print(&json, || {
        if runs.is_empty() {
            return format!(
                "nothing was logged in the last {} runs{}",
                command.limit,
                of(command.hook.as_deref())
            );
        }
        let mut lines = Vec::new();
        for run in &runs {
            lines.push(format!(
                "{} {} {} {}/{} about {}: {}",
                run.run_id,
                run.plugin_id,
                run.plugin_version,
                run.hook,
                run.function,
                run.subject,
                result(run)
            ));
            // A plugin's words don't steer anybody's terminal.
            lines.extend(
                run.logs
                    .iter()
                    .map(|log| format!("  {}", log.escape_debug())),
            );
        }
        lines.push("next: postlude plugin runs RUN_ID shows input and output".to_owned());
        lines.join("\n")
    });
    Ok(())
}

/// Runs a recorded decision again.
pub(super) async fn replay(command: &Replay, output: Output) -> anyhow::Result<()> {
    let replay = client(&command.connection)
        .await?
        .replay_run(ReplayRunRequest {
            run_id: command.run_id.clone(),
        })
        .await
        .tried(format!("{} was not replayed", command.run_id))?;
    let json = json!({
        "run_id": replay.run_id,
        "identical": replay.identical,
        "recorded_output": hex::encode(&replay.recorded_output),
        "replayed_output": hex::encode(&replay.replayed_output),
        "recorded_fuel": replay.recorded_fuel,
        "replayed_fuel": replay.replayed_fuel,
        "same_engine": replay.same_engine,
        "component_digest": replay.component_digest,
    });
    output.print(&json, || {
        let same = if replay.identical {
            "identical"
        } else {
            "DIFFERENT"
        };
        let fuel = if replay.same_engine {
            format!(
                "fuel {} then, {} now",
                replay.recorded_fuel, replay.replayed_fuel
            )
        } else {
            "another engine, so fuel isn't compared".to_owned()
        };
        format!(
            "{}: {} bytes then, {} bytes now, {same}; {fuel}; component {}",
            replay.run_id,
            replay.recorded_output.len(),
            replay.replayed_output.len(),
            replay.component_digest
        )
    });
    if replay.identical {
        Ok(())
    } else {
        anyhow::bail!("the replay gave other bytes than were recorded")
    }
}

fn result(run: &Run) -> String {
    match run.result() {
        run::Result::Decided => "decided".to_owned(),
        run::Result::PluginError => "plugin error".to_owned(),
        run::Result::Fault => format!("fault {}: {}", run.fault_code, run.fault_message),
        run::Result::Unspecified => "unknown".to_owned(),
    }
}
