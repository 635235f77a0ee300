//! Step 2, and the first half of step 3: asked, answered with reasons, sent back, counted, judged.

use postlude_proto::returns::v1::{
    CreateReturnRequest, Disposition, GetReturnRequest, InspectReturnRequest, InspectedLine,
    IssueLabelRequest, ListReturnsRequest, Outcome, Quote, QuoteReturnRequest,
    ReceiveReturnRequest, ReceivedLine, RecordReturnScanRequest, RequestedLine, Return,
    ReturnMethod, ReturnReason, ReturnScan, label, r#return::State,
};

use super::{
    Stage,
    teller::{money, word},
};
use crate::cli::client::{Tried as _, reason};

impl Stage {
    /// Quotes and opens the return; finds the one that a story before opened.
    pub(super) async fn open_return(&mut self) -> anyhow::Result<Return> {
        self.teller.chapter("2. One of two units goes back");
        let opened = match self.find_return().await? {
            Some(found) => {
                self.teller.did(
                    "returns",
                    format!("knows {} already: the story goes on", found.return_id),
                );
                found
            }
            None => self.quote_and_create().await?,
        };
        let mut reasons = opened.reasons.clone();
        for reason in opened.lines.iter().flat_map(|line| &line.reasons) {
            if !reasons.contains(reason) {
                reasons.push(reason.clone());
            }
        }
        self.teller.because(&reasons);
        if let Some(decision) = &opened.decision {
            self.teller.decided_by(decision);
        }
        if opened.state() == State::NeedsReview {
            anyhow::bail!(
                "the return needs a person's review; install a plugin that decides (postlude plugin install …) and start a new story"
            );
        }
        self.issue_label(&opened).await
    }

    async fn find_return(&self) -> anyhow::Result<Option<Return>> {
        let platform = &self.platform;
        let page = platform
            .call("the returns can't be listed", async || {
                let request = ListReturnsRequest {
                    order_id: self.order.order_id.clone(),
                    ..ListReturnsRequest::default()
                };
                platform.returns().list_returns(request).await
            })
            .await?;
        Ok(page.returns.into_iter().next())
    }

    async fn quote_and_create(&mut self) -> anyhow::Result<Return> {
        let platform = self.platform.clone();
        let line = RequestedLine {
            line_id: "1".to_owned(),
            quantity: 1,
            reason: ReturnReason::ChangedMind.into(),
            comment: "One pair is enough.".to_owned(),
            ..RequestedLine::default()
        };
        let quoted = QuoteReturnRequest {
            order_id: self.order.order_id.clone(),
            lines: vec![line],
            method: ReturnMethod::Mail.into(),
            ..Default::default()
        };
        let opened = platform
            .wait("a quote that holds", async || {
                let quote = platform
                    .call("there is no quote", async || {
                        platform.returns().quote_return(quoted.clone()).await
                    })
                    .await?;
                let create = CreateReturnRequest {
                    order_id: quote.order_id.clone(),
                    quote_id: quote.quote_id.clone(),
                    request_id: format!("demo-{}-create", self.story),
                    ..CreateReturnRequest::default()
                };
                let opened = platform
                    .find(async || platform.returns().create_return(create.clone()).await)
                    .await;
                match opened {
                    // Something was still on its way to returns: the next quote knows it.
                    Err(status) if reason(&status) == "QUOTE_CHANGED" => Ok(None),
                    opened => Ok(Some((quote, opened.tried("the return was not opened")?))),
                }
            })
            .await?;
        let (quote, opened) = opened;
        self.tell_quote(&quote);
        self.teller.did(
            "returns",
            format!(
                "opens {} by that quote: {}",
                opened.return_id,
                word(opened.state().as_str_name())
            ),
        );
        Ok(opened)
    }

    fn tell_quote(&mut self, quote: &Quote) {
        let outcome = word(quote.outcome().as_str_name());
        self.teller.did(
            "returns",
            format!(
                "quotes 1 of 2 headphones: {outcome}, facts {}",
                quote.facts_digest
            ),
        );
        if let Some(refund) = &quote.refund {
            self.teller.did(
                "",
                format!(
                    "  net {}, tax {}, shipping {}, restocking {}, way back {}: {} in all",
                    money(refund.net.as_ref()),
                    money(refund.tax.as_ref()),
                    money(refund.shipping.as_ref()),
                    money(refund.restocking_fee.as_ref()),
                    money(refund.return_shipping_fee.as_ref()),
                    money(refund.total.as_ref())
                ),
            );
        }
        if quote.outcome() == Outcome::Declined {
            self.teller.because(&quote.reasons);
        }
    }

    async fn issue_label(&mut self, opened: &Return) -> anyhow::Result<Return> {
        let platform = self.platform.clone();
        if opened.label.is_none() {
            let request = IssueLabelRequest {
                return_id: opened.return_id.clone(),
                request_id: self.request_id("label"),
                pickup_window: None,
            };
            platform
                .call("no label was asked for", async || {
                    platform.returns().issue_label(request.clone()).await
                })
                .await?;
        }
        let labelled = platform
            .wait("the label", async || {
                let seen = self.get_return(&opened.return_id).await?;
                let there = seen
                    .label
                    .as_ref()
                    .is_some_and(|label| label.state() == label::State::Issued);
                Ok(there.then_some(seen))
            })
            .await?;
        if let Some(label) = &labelled.label {
            self.teller.did(
                "returns",
                format!(
                    "issues label {} by {}, {} ({} bytes of {})",
                    label.label_id,
                    label.carrier,
                    label.tracking_number,
                    label.content.len(),
                    label.content_type
                ),
            );
        }
        Ok(labelled)
    }

    /// Scanned, counted, judged. Does what has not been done.
    pub(super) async fn bring_back(&mut self, labelled: &Return) -> anyhow::Result<Return> {
        self.teller.chapter("3. Received, inspected, refunded");
        let platform = self.platform.clone();
        let scanned = RecordReturnScanRequest {
            return_id: labelled.return_id.clone(),
            scan: Some(ReturnScan {
                event_id: format!("{}-1", labelled.return_id),
                occurred_time: self.order.hours(150),
                location: "Oakland, CA".to_owned(),
                description: "Picked up".to_owned(),
            }),
        };
        let mut current = labelled.clone();
        if matches!(current.state(), State::Approved | State::LabelIssued) {
            current = platform
                .call("the scan was not recorded", async || {
                    platform.returns().record_return_scan(scanned.clone()).await
                })
                .await?;
            self.tell_state(&current, "hears from the carrier");
        }
        if current.state() == State::InTransit {
            let lines = current
                .lines
                .iter()
                .map(|line| ReceivedLine {
                    return_line_id: line.return_line_id.clone(),
                    quantity: line.quantity,
                })
                .collect();
            let request = ReceiveReturnRequest {
                return_id: current.return_id.clone(),
                lines,
                request_id: self.request_id("receive"),
                etag: String::new(),
            };
            current = platform
                .call("the goods were not counted", async || {
                    platform.returns().receive_return(request.clone()).await
                })
                .await?;
            self.tell_state(&current, "counts the goods");
        }
        if current.state() == State::Received {
            let lines = current
                .lines
                .iter()
                .map(|line| InspectedLine {
                    return_line_id: line.return_line_id.clone(),
                    quantity: line.quantity,
                    disposition: Disposition::Restock.into(),
                    ..InspectedLine::default()
                })
                .collect();
            let request = InspectReturnRequest {
                return_id: current.return_id.clone(),
                lines,
                request_id: self.request_id("inspect"),
                etag: String::new(),
            };
            current = platform
                .call("the goods were not judged", async || {
                    platform.returns().inspect_return(request.clone()).await
                })
                .await?;
            self.tell_state(&current, "judges them fit to be sold again");
        }
        Ok(current)
    }

    fn tell_state(&mut self, current: &Return, what: &str) {
        self.teller.did(
            "returns",
            format!(
                "{what}: {}, revision {}",
                word(current.state().as_str_name()),
                current.revision
            ),
        );
    }

    pub(super) async fn get_return(&self, return_id: &str) -> anyhow::Result<Return> {
        let platform = &self.platform;
        platform
            .call("the return can't be read", async || {
                let request = GetReturnRequest {
                    return_id: return_id.to_owned(),
                };
                platform.returns().get_return(request).await
            })
            .await
    }
}
