//! How amounts, rates and reasons read.

use postlude_plugin_sdk::return_policy::{Money, Reason};

pub(crate) fn reason(code: &str, text: impl Into<String>) -> Reason {
    Reason::new(code, text)
}

/// `12.05 EUR`, `1205 JPY`.
pub(crate) fn amount(minor: i64, currency_code: &str) -> String {
    let scale: i64 = match currency_code {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 1,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 1_000,
        _ => 100,
    };
    let (whole, part) = (minor / scale, minor % scale);
    match scale {
        1 => format!("{whole} {currency_code}"),
        1_000 => format!("{whole}.{part:03} {currency_code}"),
        _ => format!("{whole}.{part:02} {currency_code}"),
    }
}

/// `10 %`, `12.5 %`.
pub(crate) fn percent(basis_points: u32) -> String {
    let (whole, part) = (basis_points / 100, basis_points % 100);
    match part {
        0 => format!("{whole} %"),
        part if part % 10 == 0 => format!("{whole}.{} %", part / 10),
        part => format!("{whole}.{part:02} %"),
    }
}

pub(crate) fn money(minor: i64, currency_code: &str) -> Money {
    Money::new(currency_code, minor)
}
