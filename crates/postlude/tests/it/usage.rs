//! Help, wrong command lines, wrong settings.

use crate::program::{Program, stderr};

#[test]
fn every_command_has_help() {
    let program = Program::new();
    for command in [
        "",
        "serve",
        "migrate",
        "tenant create",
        "key create",
        "key revoke",
        "import orders",
        "orders totals",
        "demo",
        "plugin new",
        "plugin build",
        "plugin check",
        "plugin test",
        "plugin run",
        "plugin rollback",
        "plugin logs",
        "plugin install",
        "plugin upload",
        "plugin configure",
        "plugin disable",
        "plugin list",
        "plugin show",
        "plugin runs",
        "plugin replay",
        "deadletters list",
        "deadletters show",
        "deadletters replay",
        "bench load",
    ] {
        let mut arguments: Vec<_> = command.split_whitespace().collect();
        arguments.push("--help");
        let output = program.run(&arguments);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{command}: {}",
            stderr(&output)
        );
        assert!(String::from_utf8_lossy(&output.stdout).contains("Usage:"));
    }
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let program = Program::new();
    for (arguments, says) in [
        (vec!["sell"], "sell"),
        (vec!["key", "create", "--tenant", "demo"], "--scope"),
        (
            vec!["key", "create", "--tenant", "No!", "--all-scopes"],
            "a-z",
        ),
        (vec!["serve", "--only", "kitchen"], "kitchen"),
        (vec!["plugin", "list"], "POSTLUDE_API_KEY"),
        (
            vec!["demo", "--story", "a b", "--api-key", "plk_x"],
            "--story",
        ),
    ] {
        let output = program.run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_wrong_setting_is_named_before_anything_starts() {
    let program = Program::new();
    for (name, value, says) in [
        ("POSTLUDE_RETURNS__NO_SUCH_KEY", "1", "no_such_key"),
        ("POSTLUDE_KITCHEN__OPEN", "1", "kitchen"),
        ("POSTLUDE_DATABASE__URL", "mysql://x", "database.url"),
        ("POSTLUDE_NATS__URL", "not an address", "nats.url"),
    ] {
        let output = program
            .command(&["serve"])
            .env(name, value)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
}

#[test]
fn a_platform_that_is_not_there_is_a_clear_failure() {
    let program = Program::new();
    let arguments = [
        "plugin",
        "list",
        "--api-key",
        "plk_x",
        "--endpoint",
        "http://127.0.0.1:9",
    ];
    let output = program.run(&arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("postlude serve"),
        "{}",
        stderr(&output)
    );
}
