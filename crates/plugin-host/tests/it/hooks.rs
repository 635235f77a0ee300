//! What holds for every hook: the table, a plugin of several hooks, the examples of what ships.

use std::path::Path;

use postlude_plugin_host::{FixtureError, hook, hooks, inspect};

use crate::world::{World, component_bytes, tenant};

/// Every plugin that ships, with its examples and those of the fixtures.
const WITH_EXAMPLES: [&str; 4] = [
    "standard-returns",
    "tiered-points",
    "quiet-mailer",
    "fixtures/answers-all",
];

fn home(plugin: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../plugins")
        .join(plugin)
}

#[test]
fn each_hook_has_a_world_functions_and_a_contract_of_its_own() {
    let world = World::new();
    let mut digests = Vec::new();
    for hook in hooks() {
        assert!(hook.world.starts_with(&format!("postlude:{}/", hook.name)));
        assert!(!hook.functions.is_empty(), "{}", hook.name);
        digests.push(world.host.contract_digest(hook.name).to_owned());
    }
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), hooks().len());
    assert!(hook("weather").is_none());
    assert_eq!(world.host.contract_digest("weather"), "");
}

#[test]
fn a_component_may_answer_several_hooks() {
    let info = inspect(&component_bytes("fixtures/answers-all")).unwrap();
    let names: Vec<_> = hooks().iter().map(|hook| hook.name).collect();
    assert_eq!(info.hooks, names);
    assert!(info.imports.is_empty(), "{:?}", info.imports);
    let component = World::new().component("fixtures/answers-all");
    assert_eq!(component.hooks().len(), names.len());
}

#[tokio::test]
async fn the_examples_of_what_ships_come_out_as_they_say() {
    let world = World::new();
    for plugin in WITH_EXAMPLES {
        let component = world.component(plugin);
        let config = std::fs::read_to_string(home(plugin).join("config.default.json")).unwrap();
        let mut tried = 0;
        for entry in std::fs::read_dir(home(plugin).join("fixtures")).unwrap() {
            let path = entry.unwrap().path();
            let fixture = std::fs::read_to_string(&path).unwrap();
            world
                .host
                .check_fixture(&tenant(), &component, &config, &fixture)
                .await
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            tried += 1;
        }
        assert!(tried >= 2, "{plugin}");
    }
}

#[tokio::test]
async fn an_example_that_could_be_of_two_hooks_has_to_name_one() {
    let world = World::new();
    let component = world.component("fixtures/answers-all");
    let text = std::fs::read_to_string(home("fixtures/answers-all/fixtures/decide.json")).unwrap();
    for (from, to, says) in [
        (
            "\"hook\": \"notification-policy\",",
            "",
            "name one as `hook`",
        ),
        (
            "\"notification-policy\"",
            "\"weather\"",
            "`hook` is `weather`",
        ),
        ("\"decide\"", "\"guess\"", "there is `decide`"),
    ] {
        let fixture = text.replacen(from, to, 1);
        assert_ne!(fixture, text);
        let error = world
            .host
            .try_fixture(&tenant(), &component, "{}", &fixture)
            .await
            .unwrap_err();
        assert!(matches!(error, FixtureError::Malformed(_)), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}
