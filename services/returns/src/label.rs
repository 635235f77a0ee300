//! Labels: what a carrier gives for a return, and the label that Postlude can make by itself.
//!
//! A provider is asked by a worker, never inside a request. It is asked again with the same label id
//! after a crash, and must then give the same label.

use async_trait::async_trait;
use barcoders::{generators::svg::SVG, sym::code128::Code128};

use crate::domain::return_request::Return;

/// A label as a carrier gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LabelFile {
    pub(crate) carrier: String,
    pub(crate) tracking_number: String,
    pub(crate) content: Vec<u8>,
    pub(crate) content_type: String,
}

/// Why there is no label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LabelError {
    /// The carrier refuses: asking again the same way is of no use.
    #[error("{0}")]
    Refused(String),
}

/// Gives labels.
#[async_trait]
pub(crate) trait LabelProvider: Send + Sync {
    /// The label `label_id` for a return.
    async fn issue(&self, state: &Return, label_id: &str) -> Result<LabelFile, LabelError>;
}

/// Makes labels by itself: an SVG with a Code 128 barcode, for retailers who hand parcels to a carrier
/// of their own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuiltInLabels;

/// Character set B of Code 128, as the encoder wants it in front.
const SET_B: char = '\u{0181}';

#[async_trait]
impl LabelProvider for BuiltInLabels {
    async fn issue(&self, state: &Return, label_id: &str) -> Result<LabelFile, LabelError> {
        let tracking_number = format!("PL{}", label_id.trim_start_matches("lbl_"));
        let refused = |error: barcoders::error::Error| LabelError::Refused(error.to_string());
        let bars = Code128::new(format!("{SET_B}{tracking_number}"))
            .map_err(refused)?
            .encode();
        let width = bars.len() * 2;
        let barcode = SVG::new(100).xdim(2).generate(&bars).map_err(refused)?;
        // The encoder's own drawing, placed inside of ours.
        let content = format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="220" viewBox="0 0 {total} 220" font-family="monospace" font-size="16">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="20" y="30">RETURN {return_id}</text>
<text x="20" y="54">ORDER {order_id}</text>
<svg x="20" y="74" width="{width}" height="100">{barcode}</svg>
<text x="20" y="200">{tracking_number}</text>
</svg>
"##,
            total = width + 40,
            return_id = escape(&state.return_id),
            order_id = escape(&state.order_id),
        );
        Ok(LabelFile {
            carrier: "built-in".to_owned(),
            tracking_number,
            content: content.into_bytes(),
            content_type: "image/svg+xml".to_owned(),
        })
    }
}

/// An order's number is the retailer's and may hold anything.
fn escape(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            control if control.is_control() => " ".to_owned(),
            other => other.to_string(),
        })
        .collect()
}
