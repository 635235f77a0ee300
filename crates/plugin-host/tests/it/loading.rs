//! What is no plugin is refused before anything runs, and the refusal says what and where.

use postlude_plugin_host::{LoadError, digest, inspect};

use crate::world::{World, component_bytes};

fn refused(bytes: &[u8]) -> LoadError {
    let world = World::with(|config| config.cache_dir = None);
    world
        .host
        .load(&digest(bytes), bytes)
        .expect_err("this is no plugin")
}

#[test]
fn refuses_an_import_that_policies_do_not_get() {
    let error = refused(&component_bytes("fixtures/reaches-out"));
    assert!(
        matches!(&error, LoadError::ImportRefused { import } if import.starts_with("wasi:clocks/wall-clock@0.2")),
        "{error}"
    );
}

#[test]
fn refuses_a_core_module_machine_code_and_noise() {
    for (bytes, says) in [
        (&b"\0asm\x01\0\0\0"[..], "core"),
        (b"\x7fELF\x02\x01\x01", "machine code"),
        (b"PK\x03\x04", "no WebAssembly"),
        (b"", "no WebAssembly"),
    ] {
        let error = refused(bytes);
        assert!(matches!(error, LoadError::NotAComponent { .. }), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn refuses_a_component_without_the_hooks_export() {
    let error = refused(b"\0asm\x0d\0\x01\0");
    assert!(matches!(error, LoadError::MissingExport { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("postlude:return-policy/policy@1.0.0"),
        "{error}"
    );
}

#[test]
fn refuses_another_major_version() {
    let bytes = replace(
        &component_bytes("fixtures/misbehaves"),
        b"policy@1.0.0",
        b"policy@2.0.0",
    );
    let error = refused(&bytes);
    assert!(matches!(error, LoadError::MissingExport { .. }), "{error}");
    assert!(error.to_string().contains("policy@2.0.0"), "{error}");
}

#[test]
fn refuses_bytes_that_are_not_the_announced_ones_or_too_many() {
    let world = World::with(|config| {
        config.cache_dir = None;
        config.component_bytes = 1_000;
    });
    let error = world.host.load(&digest(b"a"), b"b").unwrap_err();
    assert!(matches!(error, LoadError::DigestMismatch { .. }), "{error}");
    let large = component_bytes("fixtures/misbehaves");
    let error = world.host.load(&digest(&large), &large).unwrap_err();
    assert!(
        matches!(error, LoadError::TooLarge { limit: 1_000, .. }),
        "{error}"
    );
}

#[test]
fn refuses_a_component_that_was_cut() {
    let bytes = component_bytes("fixtures/misbehaves");
    let error = refused(&bytes[..bytes.len() / 2]);
    assert!(matches!(error, LoadError::Invalid(_)), "{error}");
}

#[test]
fn says_what_the_shipped_plugin_is() {
    let info = inspect(&component_bytes("standard-returns")).unwrap();
    assert_eq!(info.hooks, ["return-policy"]);
    assert_eq!(info.imports, ["postlude:plugin/config@1.0.0"]);
    assert!(
        info.exports
            .contains(&"postlude:return-policy/policy@1.0.0".to_owned())
    );
}

#[test]
fn machine_code_that_was_altered_is_compiled_anew() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = component_bytes("fixtures/misbehaves");
    let load = || {
        let world = World::with(|config| config.cache_dir = Some(folder.path().to_path_buf()));
        world.host.load(&digest(&bytes), &bytes).unwrap();
    };
    load();
    let file = std::fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = std::fs::read(&file).unwrap();
    let mut altered = whole.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    std::fs::write(&file, &altered).unwrap();
    load();
    assert!(
        std::fs::read(&file).unwrap() == whole,
        "the file was written anew"
    );
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = bytes.to_vec();
    let mut at = 0;
    while at + from.len() <= replaced.len() {
        if &replaced[at..at + from.len()] == from {
            replaced[at..at + from.len()].copy_from_slice(to);
        }
        at += 1;
    }
    assert_ne!(replaced, bytes);
    replaced
}
