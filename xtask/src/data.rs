//! `cargo xtask data`: makes the small data sets under tests/data from their large sources.
//!
//! The sources aren't in the repository; what is made from them is, so that tests need nothing else.
//! The same source gives the same bytes.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::repo;

/// Every 349th customer, beginning with the fifteenth: some 200 orders, each customer's
/// history whole, two orders of amount 0 among them.
const EVERY: u32 = 349;
const FIRST: u32 = 15;
const HEADER: &str = "order_id,customer_id,placed_on,quantity,amount_minor";

/// Options of `cargo xtask data`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The CDNOW purchases as CSV: order_id, customer_id, placed_on, quantity, amount_minor.
    #[arg(long, value_name = "FILE")]
    cdnow: PathBuf,
}

/// Makes the data sets.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let source = fs::read_to_string(&options.cdnow)
        .with_context(|| format!("can't read {}", options.cdnow.display()))?;
    let sample = sample(&source)?;
    let path = repo::root().join("tests/data/cdnow-sample.csv");
    fs::create_dir_all(path.parent().unwrap_or(&path))?;
    fs::write(&path, &sample.csv)?;
    println!(
        "tests/data/cdnow-sample.csv: {} orders of {} customers, {} minor units",
        sample.orders, sample.customers, sample.total
    );
    Ok(true)
}

struct Sample {
    csv: String,
    orders: usize,
    customers: usize,
    total: u64,
}

fn sample(source: &str) -> Result<Sample> {
    let mut lines = source.lines();
    if lines.next() != Some(HEADER) {
        bail!("the first line isn't `{HEADER}`");
    }
    let mut sample = Sample {
        csv: format!("{HEADER}\n"),
        orders: 0,
        customers: 0,
        total: 0,
    };
    let mut last = "";
    for line in lines {
        let mut fields = line.split(',');
        let customer = fields
            .nth(1)
            .with_context(|| format!("no customer in `{line}`"))?;
        let amount: u64 = fields
            .nth(2)
            .and_then(|amount| amount.parse().ok())
            .with_context(|| format!("no amount in `{line}`"))?;
        let number: u32 = customer
            .strip_prefix('C')
            .and_then(|number| number.parse().ok())
            .with_context(|| format!("`{customer}` isn't a customer of this data"))?;
        if number % EVERY != FIRST {
            continue;
        }
        sample.csv.push_str(line);
        sample.csv.push('\n');
        sample.orders += 1;
        sample.customers += usize::from(customer != last);
        sample.total += amount;
        last = customer;
    }
    Ok(sample)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::sample;

    #[test]
    fn keeps_whole_customers_and_counts_them() {
        let source = "order_id,customer_id,placed_on,quantity,amount_minor\n\
            A-1,C00006,1997-01-01,1,100\nA-2,C00015,1997-01-01,1,250\nA-3,C00015,1997-02-01,2,0\n\
            A-4,C00364,1997-02-01,2,30\n";
        let sample = sample(source).unwrap();
        assert_eq!((sample.orders, sample.customers, sample.total), (3, 2, 280));
        assert!(!sample.csv.contains("A-1"));
    }

    #[test]
    fn refuses_other_columns() {
        assert!(sample("id,amount\n").is_err());
    }
}
