//! `serve`, and what works beside it.

use crate::program::{Program, stderr};

#[test]
fn starts_takes_keys_beside_it_imports_and_stops_cleanly() {
    let program = Program::new();
    let serving = program.serve();

    // A second process on the same folder is refused.
    let second = program.run(&["serve"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(
        stderr(&second).contains("another process"),
        "{}",
        stderr(&second)
    );

    // Tenants and keys are made beside the running platform.
    let tenant = program.json(&["tenant", "create", "demo", "--output", "json"]);
    assert_eq!(tenant["tenant_id"], "demo");
    let again = program.run(&["tenant", "create", "demo"]);
    assert!(
        stderr(&again).contains("TENANT_EXISTS"),
        "{}",
        stderr(&again)
    );
    let create = [
        "key",
        "create",
        "--tenant",
        "demo",
        "--all-scopes",
        "--output",
        "json",
    ];
    let key = program.json(&create);
    let secret = key["secret"].as_str().unwrap();

    // Good lines are kept, broken ones are named with their number.
    let file = program
        .command(&[])
        .get_current_dir()
        .unwrap()
        .join("past.csv");
    std::fs::write(
        &file,
        "order_id,customer_id,placed_on,quantity,amount_minor\n\
         A-1,C-1,1997-01-01,1,1177\nA-2,C-1,1997-01-12,2,-5x\nA-3,C-2,1997-01-18,5,7700\n",
    )
    .unwrap();
    let import = [
        "import",
        "orders",
        file.to_str().unwrap(),
        "--map",
        "placed_time=placed_on",
        "--endpoint",
        &serving.endpoint,
        "--api-key",
        secret,
        "--output",
        "json",
    ];
    for (created, unchanged) in [(2, 0), (0, 2)] {
        let output = program.run(&import);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).contains("line 3: column amount_minor"),
            "{}",
            stderr(&output)
        );
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (&report["created"], &report["unchanged"], &report["failed"]),
            (&created.into(), &unchanged.into(), &1.into())
        );
        assert_eq!(report["total_minor"]["EUR"], 8_877);
    }
    let totals = program.json(&[
        "orders",
        "totals",
        "--endpoint",
        &serving.endpoint,
        "--api-key",
        secret,
        "--output",
        "json",
    ]);
    assert_eq!(
        totals,
        serde_json::json!({"orders": 2, "customers": 2, "units": 6, "total_minor": {"EUR": 8_877}})
    );

    // A revoked key is refused.
    let key_id = key["key_id"].as_str().unwrap();
    assert!(program.run(&["key", "revoke", key_id]).status.success());
    assert_eq!(serving.terminate(), Some(0));
}
