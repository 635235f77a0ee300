//! What the contract names, a test knows: every method, every method without a key, every event.

use anyhow::Result;
use regex::Regex;

use super::{
    Finding, Report,
    contract::{self, snake},
    source::{File, Tree},
};

/// Compares the contracts with the tests.
pub(super) fn check(tree: &Tree) -> Result<Report> {
    let contract = contract::read(tree)?;
    let tests: Vec<&File> = tree.test_files().collect();
    let mut findings = Vec::new();
    let mut notes = Vec::new();

    for rpc in &contract.rpcs {
        let method = snake(&rpc.name);
        let call = Regex::new(&format!(
            r"\.{method}\s*\(|\b{}Request\b|/{}\b",
            rpc.name, rpc.name
        ))?;
        let file = format!("/tests/it/{method}.rs");
        let by = tests
            .iter()
            .find(|test| test.path.ends_with(&file))
            .or_else(|| {
                tests.iter().find(|test| {
                    let named = test.text.contains(&method) || test.text.contains(&rpc.name);
                    named && call.is_match(&test.text)
                })
            });
        match by {
            Some(test) => notes.push(format!("{}.{} in {}", rpc.service, rpc.name, test.path)),
            None => findings.push(Finding::at(
                &rpc.place.0,
                rpc.place.1,
                format!(
                    "no test calls {}.{} (tests/it/{method}.rs)",
                    rpc.service, rpc.name
                ),
            )),
        }
    }

    // One test walks over every method of the descriptors; that it does is what has to be seen.
    let everywhere = tests.iter().find(|test| {
        test.path.starts_with("tests/")
            && test.text.contains("methods()")
            && test.text.contains("Unauthenticated")
            && test.text.contains("PermissionDenied")
    });
    match everywhere {
        Some(test) => notes.push(format!("every method without a key: {}", test.path)),
        None => findings.push(Finding::of(
            "tests/journeys",
            "no test walks over postlude_proto::methods() and expects Unauthenticated and PermissionDenied",
        )),
    }

    // One file per event: services/<service>/src/consumers/<event>.rs.
    let consumed: Vec<(&str, &str)> = tree
        .rust()
        .filter_map(|file| {
            let (service, event) = file
                .path
                .strip_prefix("services/")?
                .split_once("/src/consumers/")?;
            Some((service, event.strip_suffix(".rs")?))
        })
        .collect();
    for event in &contract.events {
        let word = Regex::new(&format!(
            r"\b{}\b|\b{}\b",
            event.message,
            regex::escape(&event.name)
        ))?;
        let sees = |test: &File| {
            let named = test.text.contains(&event.message) || test.text.contains(&event.name);
            named && word.is_match(&test.text)
        };
        let consumers: Vec<&str> = consumed
            .iter()
            .filter(|(_, file)| *file == snake(&event.message))
            .map(|(service, _)| *service)
            .collect();
        let mut missing = Vec::new();
        if consumers.is_empty() && !tests.iter().any(|test| sees(test)) {
            missing.push("no test sees it told".to_owned());
        }
        for service in consumers {
            let folder = format!("services/{service}/");
            if !tests
                .iter()
                .any(|test| test.path.starts_with(&folder) && sees(test))
            {
                missing.push(format!("{service} consumes it and has no test that does"));
            }
        }
        for why in missing {
            findings.push(Finding::at(
                &event.place.0,
                event.place.1,
                format!("{}.{}: {why}", event.domain, event.name),
            ));
        }
    }
    Ok(Report::of(
        format!(
            "{} methods and {} events of the contract, {} consumers, each with a test; each method without a key",
            contract.rpcs.len(),
            contract.events.len(),
            consumed.len()
        ),
        findings,
    )
    .with_notes(notes))
}
