//! How the story is told: a heading per step, a line per fact, who did it and why.

use postlude_proto::r#type::v1::{Decision, Money, Reason};
use serde_json::json;

use crate::cli::output::{Output, line};

/// Prints the story as it happens, or all of it at the end as JSON.
pub(super) struct Teller {
    output: Output,
    story: String,
    steps: Vec<serde_json::Value>,
}

impl Teller {
    pub(super) fn new(output: Output, story: &str) -> Self {
        if output == Output::Text {
            line(&format!("One order, told whole. Story {story}."));
        }
        Self {
            output,
            story: story.to_owned(),
            steps: Vec::new(),
        }
    }

    /// Begins a chapter.
    pub(super) fn chapter(&mut self, title: &str) {
        if self.output == Output::Text {
            line(&format!("\n{title}"));
            line(&"─".repeat(title.chars().count()));
        }
        self.steps.push(json!({ "chapter": title }));
    }

    /// Tells what a service did.
    pub(super) fn did(&mut self, service: &str, what: impl Into<String>) {
        let what = what.into();
        if self.output == Output::Text {
            line(&format!("  {service:<9} {what}"));
        }
        self.steps.push(json!({ "service": service, "did": what }));
    }

    /// Tells why it was decided so.
    pub(super) fn because(&mut self, reasons: &[Reason]) {
        for reason in reasons {
            if self.output == Output::Text {
                line(&format!(
                    "  {:<9}   because {} ({}, says the {})",
                    "", reason.text, reason.code, reason.source
                ));
            }
            self.steps.push(json!({
                "because": { "code": reason.code, "text": reason.text, "source": reason.source }
            }));
        }
    }

    /// Tells who decided.
    pub(super) fn decided_by(&mut self, decision: &Decision) {
        if self.output == Output::Text {
            let by = format!("{} {}", decision.plugin_id, decision.plugin_version);
            line(&format!("  {:<9}   decided by {}", "", by.trim()));
            if !decision.component_digest.is_empty() {
                line(&format!(
                    "  {:<9}   component  {}",
                    "", decision.component_digest
                ));
            }
            line(&format!(
                "  {:<9}   policy version {}, run {}",
                "",
                decision.policy_version,
                if decision.run_id.is_empty() {
                    "-"
                } else {
                    &decision.run_id
                }
            ));
        }
        self.steps.push(json!({
            "decision": {
                "plugin_id": decision.plugin_id,
                "plugin_version": decision.plugin_version,
                "component_digest": decision.component_digest,
                "policy_version": decision.policy_version,
                "run_id": decision.run_id,
            }
        }));
    }

    /// Ends the story.
    pub(super) fn end(&mut self, well: bool) {
        match self.output {
            Output::Text if well => line("\nThe story is told: every step agrees."),
            Output::Text => line(&format!(
                "\nThe story broke off; `postlude demo --story {}` goes on with it.",
                self.story
            )),
            Output::Json => {
                line(&json!({ "story": self.story, "ok": well, "steps": self.steps }).to_string())
            }
        }
    }
}

/// Money as people write it.
pub(super) fn money(money: Option<&Money>) -> String {
    let Some(money) = money else {
        return "nothing".to_owned();
    };
    postlude_kernel::Currency::parse(&money.currency_code).map_or_else(
        |_| format!("{} {}", money.amount_minor, money.currency_code),
        |currency| postlude_kernel::Money::new(currency, money.amount_minor).to_string(),
    )
}

/// The last word of an enum's name, small: `STATE_LABEL_ISSUED` → `label issued`.
pub(super) fn word(name: &str) -> String {
    name.trim_start_matches("OUTCOME_")
        .trim_start_matches("TRACKING_STATUS_")
        .replace('_', " ")
        .to_lowercase()
}
