//! Layers, unknown keys, secrets.

use postlude_chassis::config::{ConfigError, Loader, ServiceConfig};

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[derive(Debug, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Returns {
    window_days: u32,
    participants: Vec<String>,
}

impl Default for Returns {
    fn default() -> Self {
        Self {
            window_days: 30,
            participants: vec!["orders".to_owned()],
        }
    }
}

#[test]
fn reads_its_own_defaults() {
    let config = Loader::new().section("returns", "").load().unwrap();
    assert_eq!(config.platform.data_dir.to_str(), Some("postlude-data"));
    assert_eq!(config.platform.ops.listen.port(), 9090);
    assert!(config.platform.database.url.is_empty());
    let returns: Returns = config.section("returns").deserialize().unwrap();
    assert_eq!(returns.window_days, 30);
}

#[test]
fn puts_the_environment_over_the_file_over_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("postlude.toml");
    std::fs::write(
        &file,
        "data_dir = \"/srv\"\n[database]\nmax_connections = 3\n[returns]\nwindow_days = 20\n",
    )
    .unwrap();
    let config = Loader::new()
        .section("returns", "window_days = 10\nparticipants = [\"a\"]")
        .section("plugin-registry", "")
        .file(Some(&file))
        .env(env(&[
            ("POSTLUDE_DATA_DIR", "/var/lib/postlude"),
            ("POSTLUDE_DATABASE__URL", "postgres://u:p@h/d"),
            ("POSTLUDE_UPSTREAMS__RETURNS", "http://returns:7001"),
            ("POSTLUDE_RETURNS__PARTICIPANTS", "[\"b\", \"c\"]"),
            ("POSTLUDE_RETURNS__WINDOW_DAYS", "14"),
            ("POSTLUDE_PLUGIN_REGISTRY__ALLOW_UNSIGNED", "true"),
            ("POSTLUDE_TEST_POSTGRES_URL", "somewhere"),
            ("POSTLUDE_API_KEY", "plk_"),
            ("HOME", "/root"),
        ]))
        .load()
        .unwrap();
    assert_eq!(config.platform.data_dir.to_str(), Some("/var/lib/postlude"));
    assert_eq!(config.platform.database.max_connections, 3);
    assert_eq!(config.platform.database.url.expose(), "postgres://u:p@h/d");
    assert_eq!(config.platform.upstreams["returns"], "http://returns:7001");
    let returns: Returns = config.section("returns").deserialize().unwrap();
    assert_eq!((returns.window_days, returns.participants.len()), (14, 2));
    assert!(!format!("{config:?}").contains("u:p"), "{config:?}");
}

#[test]
fn names_an_unknown_key() {
    for (name, key) in [
        ("POSTLUDE_DATABSE__URL", "databse"),
        ("POSTLUDE_DATADIR", "datadir"),
        ("POSTLUDE_OPS__LISTN", "listn"),
        ("POSTLUDE_DATABASE__MAX_CONNECTIONS__X", "max_connections"),
    ] {
        let error = Loader::new().env(env(&[(name, "x")])).load().unwrap_err();
        assert!(error.to_string().contains(key), "{name}: {error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("postlude.toml");
    std::fs::write(&file, "[returns]\nwindow_dayz = 1\n").unwrap();
    let config = Loader::new()
        .section("returns", "")
        .file(Some(&file))
        .load()
        .unwrap();
    let error = config
        .section("returns")
        .deserialize::<Returns>()
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("window_dayz") && text.contains("returns"),
        "{text}"
    );
}

#[test]
fn reads_secrets_from_files_and_prints_none() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("url");
    std::fs::write(&secret, "postgres://u:hunter2@h/d\n").unwrap();
    let config = Loader::new()
        .env(env(&[(
            "POSTLUDE_DATABASE__URL_FILE",
            secret.to_str().unwrap(),
        )]))
        .load()
        .unwrap();
    assert_eq!(
        config.platform.database.url.expose(),
        "postgres://u:hunter2@h/d"
    );
    assert!(!format!("{config:?}").contains("hunter2"));

    let error = Loader::new()
        .env(env(&[("POSTLUDE_DATABASE__MAX_CONNECTIONS", "hunter2")]))
        .load()
        .unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let error = Loader::new()
        .env(env(&[("POSTLUDE_DATABASE__URL_FILE", "/nowhere/at/all")]))
        .load()
        .unwrap_err();
    assert!(matches!(error, ConfigError::File { .. }), "{error:?}");
}

#[test]
fn reads_a_section_from_text() {
    let section = ServiceConfig::from_toml("returns", "window_days = 7").unwrap();
    assert_eq!(section.deserialize::<Returns>().unwrap().window_days, 7);
}
