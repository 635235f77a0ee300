//! Every rule of our own finds what breaks it: a violation is planted for each.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use anyhow::Result;

use super::{
    Report, Verdict, bans, contract, coverage, errors, imports, layout, leftovers, manifests,
    purity, size, sleeps, source::Tree,
};

fn findings(report: Result<Report>) -> Vec<String> {
    match report.unwrap().verdict {
        Verdict::Ok => Vec::new(),
        Verdict::Broken(findings) => findings.iter().map(ToString::to_string).collect(),
        Verdict::Skipped(why) => panic!("skipped: {why}"),
    }
}

#[track_caller]
fn one(report: Result<Report>, words: &str) {
    let found = findings(report);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found.concat().contains(words), "{found:#?}");
}

const ROOT: (&str, &str) = (
    "Cargo.toml",
    "[workspace]\nmembers = [\"services/a\", \"services/b\"]\n",
);

fn manifest(name: &str, dependencies: &str) -> String {
    format!(
        "[package]\nname = \"postlude-{name}\"\nversion.workspace = true\nedition.workspace = true\n\
         rust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n\
         [lints]\nworkspace = true\n[dependencies]\n{dependencies}"
    )
}

#[test]
fn a_package_is_called_after_its_folder() {
    let manifest = manifest("other", "");
    let tree = Tree::of(&[("crates/store/Cargo.toml", &manifest)]);
    one(
        layout::check(&tree),
        "after its folder it is `postlude-store`",
    );
}

#[test]
fn a_module_has_no_mod_rs() {
    one(
        layout::check(&Tree::of(&[("crates/store/src/tx/mod.rs", "")])),
        "never `mod.rs`",
    );
}

#[test]
fn a_file_has_500_lines_at_most() {
    let tree = Tree::of(&[("a.rs", &"\n".repeat(500)), ("b.rs", &"\n".repeat(501))]);
    one(Ok(size::check(&tree)), "b.rs: 501 lines");
}

#[test]
fn versions_stand_in_one_place() {
    let (a, b) = (manifest("a", "serde = \"1\"\n"), manifest("b", ""));
    let tree = Tree::of(&[
        ROOT,
        ("services/a/Cargo.toml", &a),
        ("services/b/Cargo.toml", &b),
    ]);
    one(manifests::check(&tree), "`serde` has a version of its own");
}

#[test]
fn a_service_knows_no_other() {
    let (a, b) = (
        manifest("a", "postlude-b.workspace = true\n"),
        manifest("b", ""),
    );
    let tree = Tree::of(&[
        ROOT,
        ("services/a/Cargo.toml", &a),
        ("services/b/Cargo.toml", &b),
    ]);
    one(imports::check(&tree), "share contracts and events only");
}

#[test]
fn the_database_is_spoken_to_in_store_alone() {
    let (a, b) = (manifest("a", ""), manifest("b", ""));
    let text = "use sea_orm::EntityTrait; // in code\n// sea_orm::Value in a comment\n\
                #[cfg(test)]\nmod tests { use sea_orm::Value; }\n";
    let tree = Tree::of(&[
        ROOT,
        ("services/a/Cargo.toml", &a),
        ("services/b/Cargo.toml", &b),
        ("services/a/src/rpc/get.rs", text),
        ("services/a/src/store/rows.rs", text),
    ]);
    one(imports::check(&tree), "services/a/src/rpc/get.rs:1");
}

#[test]
fn a_domain_is_pure() {
    let kernel = ("crates/kernel/Cargo.toml", "[dependencies]\n");
    for (text, words) in [
        ("use crate::store::Row;\n", "`crate::store`"),
        ("fn a() -> postlude_proto::Order {}\n", "`postlude_proto`"),
        ("async fn a() {}\n", "no async"),
        ("use tonic::Status;\n", "`tonic::Status`"),
    ] {
        let tree = Tree::of(&[kernel, ("services/a/src/domain/order.rs", text)]);
        one(purity::check(&tree), words);
    }
    let fine = "mod line;\nuse std::fmt;\nuse line::Line;\nuse super::State;\nuse crate::domain::Order;\n\
                use postlude_kernel::Money;\n";
    assert!(
        findings(purity::check(&Tree::of(&[
            kernel,
            ("services/a/src/domain.rs", fine)
        ])))
        .is_empty()
    );
    let kernel = (
        "crates/kernel/Cargo.toml",
        "[dependencies]\ntokio = \"1\"\n",
    );
    one(purity::check(&Tree::of(&[kernel])), "`tokio`");
}

#[test]
fn a_lifted_ban_is_missed() {
    let clippy = include_str!("../../../clippy.toml");
    assert!(findings(bans::check(&Tree::of(&[("clippy.toml", clippy)]))).is_empty());
    let without = clippy
        .lines()
        .filter(|line| !line.contains("ulid::Ulid::generate"))
        .collect::<Vec<_>>()
        .join("\n");
    one(
        bans::check(&Tree::of(&[("clippy.toml", &without)])),
        "`ulid::Ulid::generate` isn't banned",
    );
}

const PAGE: &str = "## What happened\n## What to do\n";

#[test]
fn a_reason_has_a_page_and_a_page_a_reason() {
    let code = "impl Fault for E { fn reason(&self) -> &'static str { match self { Self::A => \"A_GONE\", Self::B => \"B_GONE\" } } }";
    let index = ("docs/errors/README.md", "(A_GONE.md) (C_GONE.md)");
    let tree = Tree::of(&[
        ("services/a/src/error.rs", code),
        index,
        ("docs/errors/A_GONE.md", PAGE),
        ("docs/errors/C_GONE.md", PAGE),
    ]);
    let found = findings(errors::check(&tree));
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found.concat().contains("docs/errors/C_GONE.md: no code"));
    assert!(found.concat().contains("B_GONE has no page"));
}

const PROTO: &str = "package postlude.a.v1;\n\
    // Error reasons: A_GONE.\nservice AService {\n  rpc GetA(GetARequest) returns (A) {\n    \
    option (postlude.options.v1.scope) = \"a.read\";\n  }\n}\n\
    message AMade {\n  option (postlude.options.v1.event) = \"a-made\";\n}\n";

#[test]
fn a_method_names_its_scope() {
    let path = "proto/postlude/a/v1/a.proto";
    assert!(findings(contract::check(&Tree::of(&[(path, PROTO)]))).is_empty());
    let without = PROTO.replace("option (postlude.options.v1.scope) = \"a.read\";", "");
    one(
        contract::check(&Tree::of(&[(path, &without)])),
        "GetA names no scope",
    );
    let other = PROTO.replace("\"a-made\"", "\"a-built\"");
    one(
        contract::check(&Tree::of(&[(path, &other)])),
        "is called `a-made`",
    );
}

#[test]
fn the_contract_is_covered_by_tests() {
    let proto = ("proto/postlude/a/v1/a.proto", PROTO);
    let everywhere = (
        "tests/journeys/tests/it/contract.rs",
        "for m in methods() { Code::Unauthenticated; Code::PermissionDenied; }",
    );
    let get = ("services/a/tests/it/get_a.rs", "client.get_a(request)");
    let made = ("services/a/tests/it/made.rs", "told::<AMade>()");
    assert!(findings(coverage::check(&Tree::of(&[proto, everywhere, get, made]))).is_empty());
    one(
        coverage::check(&Tree::of(&[proto, everywhere, made])),
        "no test calls",
    );
    one(
        coverage::check(&Tree::of(&[proto, get, made])),
        "walks over",
    );
    one(
        coverage::check(&Tree::of(&[proto, everywhere, get])),
        "no test sees it told",
    );
    let consumer = ("services/b/src/consumers/a_made.rs", "");
    one(
        coverage::check(&Tree::of(&[proto, everywhere, get, made, consumer])),
        "b consumes it and has no test",
    );
}

#[test]
fn a_test_sleeps_only_within_a_deadline() {
    let sleeps = "#[test]\nfn a() { thread::sleep(x); }\n";
    one(
        sleeps::check(&Tree::of(&[("crates/a/tests/it/a.rs", sleeps)])),
        "a.rs:2",
    );
    let waits = "let deadline = 1;\nloop {\n  sleep(x);\n}\n";
    let tree = Tree::of(&[
        ("crates/a/tests/it/a.rs", waits),
        ("crates/a/src/a.rs", sleeps),
    ]);
    assert!(findings(sleeps::check(&tree)).is_empty());
}

#[test]
fn nothing_is_left_over() {
    // In pieces, or this file would be found itself.
    for (text, words) in [
        (["fn a() { to", "do!() }"], "unfinished code"),
        (["// FIX", "ME later"], "a marker"),
        (
            ["let a = \"/ho", "me/somebody/a\";"],
            "a path of one machine",
        ),
    ] {
        let text = text.concat();
        one(leftovers::check(&Tree::of(&[("a.rs", &text)])), words);
    }
}
