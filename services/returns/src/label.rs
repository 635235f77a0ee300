//! Labels: what a carrier gives for a return, and the label that Postlude can make by itself.
//!
//! A provider is asked by a worker, never inside a request. It is asked again with the same label id
//! after a crash, and must then give the same label.

use async_trait::async_trait;
use barcoders::sym::code128::Code128;
use pdf_writer::{Content, Name, Pdf, Rect, Ref, Str};

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

/// Makes labels by itself: a PDF of one A6 page with a Code 128 barcode, for retailers who hand parcels
/// to a carrier of their own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuiltInLabels;

/// Character set B of Code 128, as the encoder wants it in front.
const SET_B: char = '\u{0181}';
/// A6, landscape, in points.
const PAGE: (i16, i16) = (420, 298);
/// The barcode's lower edge and its height, in points; a bar's unit is one point (0.35 mm).
const BARS: (i16, i16) = (84, 100);
/// A line of text holds so many characters.
const COLUMNS: usize = 60;
const FONT: Name<'_> = Name(b"F1");

#[async_trait]
impl LabelProvider for BuiltInLabels {
    async fn issue(&self, state: &Return, label_id: &str) -> Result<LabelFile, LabelError> {
        let tracking_number = format!("PL{}", label_id.trim_start_matches("lbl_"));
        let mut text = vec![
            ("RETURN", state.return_id.clone()),
            ("ORDER", state.order_id.clone()),
        ];
        if let Some(window) = state.label.as_ref().and_then(|label| label.pickup) {
            text.push(("PICKUP", format!("{} to {}", window.start, window.end)));
        }
        let content =
            pdf(&text, &tracking_number).map_err(|error| LabelError::Refused(error.to_string()))?;
        Ok(LabelFile {
            carrier: "built-in".to_owned(),
            tracking_number,
            content,
            content_type: "application/pdf".to_owned(),
        })
    }
}

fn pdf(text: &[(&str, String)], tracking_number: &str) -> Result<Vec<u8>, barcoders::error::Error> {
    let bars = Code128::new(format!("{SET_B}{tracking_number}"))?.encode();
    let [catalog, pages, page, font, content] = [1, 2, 3, 4, 5].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    pdf.page(page)
        .parent(pages)
        .media_box(Rect::new(0.0, 0.0, f32::from(PAGE.0), f32::from(PAGE.1)))
        .contents(content)
        .resources()
        .fonts()
        .pair(FONT, font);
    // One of the fonts that every reader has.
    pdf.type1_font(font)
        .base_font(Name(b"Courier-Bold"))
        .encoding_predefined(Name(b"WinAnsiEncoding"));
    pdf.stream(content, &drawing(text, tracking_number, &bars));
    Ok(pdf.finish())
}

fn drawing(text: &[(&str, String)], tracking_number: &str, bars: &[u8]) -> Vec<u8> {
    let width = i16::try_from(bars.len()).unwrap_or(PAGE.0);
    let left = (PAGE.0 - width) / 2;
    let mut content = Content::new();
    let write = |content: &mut Content, size: i16, y: i16, line: &str| {
        content.begin_text();
        content.set_font(FONT, f32::from(size));
        content.next_line(f32::from(left), f32::from(y));
        content.show(Str(&win_ansi(line)));
        content.end_text();
    };
    let mut y = PAGE.1 - 40;
    for (name, value) in text {
        write(&mut content, 9, y, &format!("{name:<7} {value}"));
        y -= 18;
    }
    let mut x = left;
    for bar in bars {
        if *bar == 1 {
            content.rect(f32::from(x), f32::from(BARS.0), 1.0, f32::from(BARS.1));
        }
        x = x.saturating_add(1);
    }
    content.fill_nonzero();
    write(&mut content, 14, BARS.0 - 24, tracking_number);
    content.finish().to_vec()
}

/// Text in the font's encoding. An order's number is the retailer's and may hold anything: what the font
/// has no letter for is a question mark, and what doesn't fit is cut.
fn win_ansi(line: &str) -> Vec<u8> {
    line.chars()
        .take(COLUMNS)
        .map(|character| match u8::try_from(character) {
            Ok(byte) if !character.is_control() => byte,
            Ok(_) | Err(_) => b'?',
        })
        .collect()
}
