//! A shop's developer with nothing but the command line: from `plugin new` to a plugin in service.

use std::{fs, path::PathBuf};

use crate::program::{Program, stderr};

/// The project that a developer has just begun and built.
fn begun(program: &Program) -> PathBuf {
    let begun = program.json(&["plugin", "new", "my-returns", "--output", "json"]);
    assert_eq!(begun["plugin_id"], "my-returns");
    let built = program.json(&["plugin", "build", "my-returns", "--output", "json"]);
    assert_eq!(built["bundle"], "my-returns/dist/my-returns.tar");
    let size = built["component_size"].as_u64().unwrap();
    assert!(size < 100_000, "a policy of {size} bytes");
    program.folder().join("my-returns")
}

/// Puts a text in another's place in a file of the project.
fn edit(file: &PathBuf, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    fs::write(file, text.replace(from, to)).unwrap();
}

#[test]
fn a_new_plugin_builds_passes_and_is_taken_and_each_mistake_is_named() {
    let program = Program::new();
    let home = begun(&program);
    let checked = program.json(&["plugin", "check", "my-returns", "--output", "json"]);
    assert_eq!(checked["hooks"][0], "return-policy");
    let tested = program.json(&["plugin", "test", "my-returns", "--output", "json"]);
    let fixtures = tested["fixtures"].as_array().unwrap();
    assert_eq!(fixtures.len(), 3);
    assert!(fixtures.iter().all(|one| one["passed"] == true), "{tested}");
    let fixture = "my-returns/fixtures/too-late.json";
    let ran = program.json(&["plugin", "run", fixture, "my-returns", "--output", "json"]);
    assert_eq!(
        ran["output"]["decision"]["lines"][0]["outcome"],
        "OUTCOME_REVIEW"
    );
    assert_eq!(ran["logs"][0], "info: line 1: 40 days since delivery");
    assert!(ran["fuel"].as_u64().unwrap() > 0);

    let serving = program.serve();
    program.json(&["tenant", "create", "demo", "--output", "json"]);
    let key = program.json(&[
        "key",
        "create",
        "--tenant",
        "demo",
        "--all-scopes",
        "--output",
        "json",
    ]);
    let secret = key["secret"].as_str().unwrap();
    let on_platform = |arguments: &[&str]| {
        let mut command = program.command(arguments);
        command
            .env("POSTLUDE_ENDPOINT", &serving.endpoint)
            .env("POSTLUDE_API_KEY", secret);
        command.output().unwrap()
    };
    let installed = on_platform(&["plugin", "install", "my-returns"]);
    assert!(installed.status.success(), "{}", stderr(&installed));
    fs::write(program.folder().join("week.json"), "{\"window_days\": 7}").unwrap();
    let configured = on_platform(&["plugin", "configure", "my-returns", "--config", "week.json"]);
    assert!(configured.status.success(), "{}", stderr(&configured));
    let back = on_platform(&["plugin", "rollback", "my-returns", "--output", "json"]);
    let back: serde_json::Value = serde_json::from_slice(&back.stdout).unwrap();
    assert_eq!(back["config"]["window_days"], 30, "{back}");
    assert_eq!(back["generation"], 3, "{back}");

    // What was changed has to be built again before it goes anywhere.
    edit(
        &home.join("fixtures/too-late.json"),
        "OUTCOME_REVIEW",
        "OUTCOME_APPROVE",
    );
    let stale = program.run(&["plugin", "test", "my-returns"]);
    assert_eq!(stale.status.code(), Some(2));
    assert!(
        stderr(&stale).contains("postlude plugin build my-returns"),
        "{}",
        stderr(&stale)
    );
    program.json(&["plugin", "build", "my-returns", "--output", "json"]);
    let failed = program.run(&["plugin", "test", "my-returns"]);
    assert_eq!(failed.status.code(), Some(1));
    let said = String::from_utf8_lossy(&failed.stdout).into_owned();
    for part in [
        "/decision/lines/0/outcome",
        "OUTCOME_REVIEW",
        "OUTCOME_APPROVE",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let refused = on_platform(&["plugin", "upload", "my-returns"]);
    assert!(
        stderr(&refused).contains("FIXTURE_FAILED"),
        "{}",
        stderr(&refused)
    );

    // First-timers' mistakes, each with its file and what is wrong there.
    for (file, from, to, says) in [
        (
            "plugin.toml",
            "fault-action",
            "fault-acton",
            "line 10: unknown field `fault-acton`",
        ),
        (
            "plugin.toml",
            "0.1.0",
            "0.1",
            "`0.1` is not a version such as 1.2.3",
        ),
        (
            "config.default.json",
            "30",
            "\"x\"",
            "config.default.json/window_days: \"x\" is not of type \"integer\"",
        ),
        (
            "plugin.toml",
            "\"config\"",
            "\"konfig\"",
            "the manifest doesn't list the capability `config`",
        ),
        (
            "src/lib.rs",
            "fn decide(\n        context",
            "fn decided(\n        context",
            "it doesn't compile",
        ),
    ] {
        edit(&home.join(file), from, to);
        let output = program.run(&["plugin", "build", "my-returns"]);
        assert_eq!(output.status.code(), Some(1), "{file}");
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
        edit(&home.join(file), to, from);
    }
}

/// Each hook's template is a whole plugin, whatever it decides.
#[test]
fn each_hook_has_a_template_that_builds_and_passes_its_own_examples() {
    let program = Program::new();
    // The first one compiles the SDK; the others find it.
    let target = program.folder().join("target");
    for (hook, name, fixture, reason) in [
        (
            "loyalty-rules",
            "my-points",
            "spent-points",
            "80 points are owed. (OWED)",
        ),
        (
            "notification-policy",
            "my-mailer",
            "enough",
            "Enough for this week: it waits a day. (ENOUGH)",
        ),
    ] {
        let begun = program.json(&["plugin", "new", name, "--hook", hook, "--output", "json"]);
        assert_eq!(begun["hook"], hook);
        std::fs::create_dir_all(&target).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&target, program.folder().join(name).join("target")).unwrap();
        program.json(&["plugin", "build", name, "--output", "json"]);
        let checked = program.json(&["plugin", "check", name, "--output", "json"]);
        assert_eq!(checked["hooks"][0], hook);
        let tested = program.json(&["plugin", "test", name, "--output", "json"]);
        let fixtures = tested["fixtures"].as_array().unwrap();
        assert_eq!(fixtures.len(), 3, "{tested}");
        assert!(fixtures.iter().all(|one| one["passed"] == true), "{tested}");
        let ran = program.run(&[
            "plugin",
            "run",
            &format!("{name}/fixtures/{fixture}.json"),
            name,
        ]);
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(said.contains(&format!("because {reason}")), "{said}");
    }
}

#[test]
fn a_hook_that_there_is_not_is_refused_with_those_that_there_are() {
    let program = Program::new();
    let output = program.run(&["plugin", "new", "my-weather", "--hook", "weather"]);
    assert_eq!(output.status.code(), Some(2));
    for hook in ["return-policy", "loyalty-rules", "notification-policy"] {
        assert!(stderr(&output).contains(hook), "{}", stderr(&output));
    }
}

#[test]
fn a_name_that_is_no_plugins_id_is_refused_before_anything_is_written() {
    let program = Program::new();
    for name in ["My Returns", "../x", "9lives", ""] {
        let output = program.run(&["plugin", "new", name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
    }
    assert_eq!(fs::read_dir(program.folder()).unwrap().count(), 0);
}
