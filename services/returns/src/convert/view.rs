//! What a caller may see: a gift's price is hidden from all but those who manage returns.

use postlude_chassis::Caller;
use postlude_proto::returns::v1 as proto;

/// Shows prices of gifts.
const SEES_ALL: &str = "returns.manage";

/// Who looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    sees_all: bool,
}

impl View {
    pub(crate) fn of(caller: &Caller) -> Self {
        Self {
            sees_all: caller.scopes.iter().any(|scope| scope == SEES_ALL),
        }
    }

    /// A return as the caller may see it.
    pub(crate) fn of_return(self, mut state: proto::Return) -> proto::Return {
        if self.hides(state.refund_method()) {
            state.customer_id.clear();
            for line in &mut state.lines {
                line.refund = None;
            }
            for refund in &mut state.refunds {
                refund.breakdown = None;
            }
            for exchange in &mut state.exchanges {
                for line in &mut exchange.replacement_lines {
                    line.net = None;
                    line.tax = None;
                }
            }
        }
        state
    }

    /// A quote as the caller may see it.
    pub(crate) fn of_quote(self, mut quote: proto::Quote) -> proto::Quote {
        if self.hides(quote.refund_method()) {
            quote.refund = None;
            for line in &mut quote.lines {
                line.refund = None;
            }
        }
        quote
    }

    fn hides(self, method: proto::RefundMethod) -> bool {
        method == proto::RefundMethod::GiftCredit && !self.sees_all
    }
}
