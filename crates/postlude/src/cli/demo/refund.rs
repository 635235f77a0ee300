//! The second half of step 3: the money is asked for once, and comes back.

use postlude_proto::returns::v1::{
    ConfirmRefundRequest, Refund, RefundReturnRequest, Return, ReturnSettings,
    UpdateReturnSettingsRequest, confirm_refund_request, refund, r#return::State,
};

use super::{Stage, teller::money};
use crate::cli::client::reason;

/// Whether refund commands reach the story's payment system.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Road {
    Open,
    Closed,
}

impl Stage {
    pub(super) async fn refund(&mut self, inspected: Return) -> anyhow::Result<Return> {
        let road = self.set_endpoint().await?;
        let platform = self.platform.clone();
        let mut current = inspected;
        if current.refunds.is_empty() {
            let request = RefundReturnRequest {
                return_id: current.return_id.clone(),
                request_id: self.request_id("refund"),
                ..Default::default()
            };
            // Twice, as an impatient client would: the second asks for nothing new.
            for _ in 0..2 {
                current = platform
                    .call("the refund was not asked for", async || {
                        platform.returns().refund_return(request.clone()).await
                    })
                    .await?;
            }
            self.teller.did(
                "returns",
                "asks for the refund, once for two equal requests",
            );
        }
        let [refund] = current.refunds.as_slice() else {
            anyhow::bail!("one refund should stand, {} do", current.refunds.len());
        };
        let refund = refund.clone();
        if road == Road::Closed && refund.state() == refund::State::Requested {
            self.confirm_by_hand(&refund).await?;
        }
        let done = self.wait_for_money(&current.return_id, &refund).await?;
        self.check_commands(road, &refund)?;
        Ok(done)
    }

    /// Tells the platform where refund commands go.
    async fn set_endpoint(&mut self) -> anyhow::Result<Road> {
        let platform = self.platform.clone();
        let request = UpdateReturnSettingsRequest {
            settings: Some(ReturnSettings {
                payment_endpoint: self.payments.endpoint(),
                payment_endpoint_secret: self.payments.secret(),
                ..ReturnSettings::default()
            }),
            ..UpdateReturnSettingsRequest::default()
        };
        let answer = platform
            .find(async || {
                platform
                    .returns()
                    .update_return_settings(request.clone())
                    .await
            })
            .await;
        match answer {
            Ok(_) => {
                self.teller.did(
                    "returns",
                    format!(
                        "sends refund commands, signed, to {}",
                        self.payments.endpoint()
                    ),
                );
                Ok(Road::Open)
            }
            Err(status) if reason(&status) == "PAYMENT_ENDPOINT_REFUSED" => {
                self.teller.did(
                    "returns",
                    "sends nothing to addresses inside of this machine; with POSTLUDE_OUTGOING__ALLOWED_CIDRS='[\"127.0.0.0/8\"]' it would. The story confirms by hand.",
                );
                Ok(Road::Closed)
            }
            Err(status) => Err(anyhow::Error::new(status).context("the settings were not taken")),
        }
    }

    async fn confirm_by_hand(&mut self, refund: &Refund) -> anyhow::Result<()> {
        let platform = self.platform.clone();
        let request = ConfirmRefundRequest {
            refund_id: refund.refund_id.clone(),
            result: confirm_refund_request::Result::Confirmed.into(),
            external_reference: format!("by-hand-{}", self.story),
            failure: String::new(),
            request_id: self.request_id("confirm"),
        };
        platform
            .call("the refund was not confirmed", async || {
                platform.returns().confirm_refund(request.clone()).await
            })
            .await?;
        Ok(())
    }

    async fn wait_for_money(&mut self, return_id: &str, asked: &Refund) -> anyhow::Result<Return> {
        let platform = self.platform.clone();
        let done = platform
            .wait("the refund", async || {
                let seen = self.get_return(return_id).await?;
                let state = seen.refunds.first().map(Refund::state);
                if state == Some(refund::State::Failed) {
                    anyhow::bail!("the refund failed");
                }
                let paid = state == Some(refund::State::Confirmed);
                Ok((paid && seen.state() == State::Refunded).then_some(seen))
            })
            .await?;
        if let Some(refund) = done.refunds.first() {
            if refund.refund_id != asked.refund_id || done.refunds.len() != 1 {
                anyhow::bail!("the refund changed its identity on the way");
            }
            let total = refund.breakdown.as_ref().and_then(|sum| sum.total.as_ref());
            self.teller.did(
                "returns",
                format!(
                    "{} of {} is confirmed ({}); the return is REFUNDED",
                    refund.refund_id,
                    money(total),
                    refund.external_reference
                ),
            );
        }
        Ok(done)
    }

    fn check_commands(&mut self, road: Road, refund: &Refund) -> anyhow::Result<()> {
        if road == Road::Closed {
            return Ok(());
        }
        let received = self.payments.received();
        if received.refused > 0 {
            anyhow::bail!("{} commands came with a wrong signature", received.refused);
        }
        let mut commands = received.commands.iter();
        match (commands.next(), commands.next()) {
            (None, _) if self.order.resumed => self
                .teller
                .did("payments", "were asked in an earlier telling of this story"),
            (Some((key, deliveries)), None) => self.teller.did(
                "payments",
                format!(
                    "were asked under the one key {key} (deliveries: {deliveries}), signature verified"
                ),
            ),
            (None, _) | (Some(_), Some(_)) => anyhow::bail!(
                "the refund {} should be one command by key, there were {}",
                refund.refund_id,
                received.commands.len()
            ),
        }
        Ok(())
    }
}
