//! A collector of OTLP, and what it wrote down: spans with their parents, and which metrics came.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::Context as _;
use tokio::process::{Child, Command};

use crate::{apart::free_address, wait};

/// Where tests find the collector.
const ROTEL: &str = "POSTLUDE_TEST_ROTEL";

/// A collector at work. Dropping it ends it.
pub struct Collector {
    /// Where it takes OTLP over gRPC.
    pub endpoint: String,
    log: PathBuf,
    _child: Child,
}

/// A span as the collector has it.
#[derive(Debug, Clone, Default)]
pub struct Span {
    /// The process that it is of.
    pub process: String,
    /// Its trace.
    pub trace: String,
    /// Its id.
    pub id: String,
    /// Its parent's id; empty for a root.
    pub parent: String,
    /// Its name.
    pub name: String,
    /// `SERVER`, `CLIENT`, `PRODUCER`, `CONSUMER`, `INTERNAL`.
    pub kind: String,
    /// When it began, in nanoseconds.
    pub start: u64,
    /// When it ended, in nanoseconds.
    pub end: u64,
    /// What was said of it.
    pub attributes: BTreeMap<String, String>,
}

/// Spans by their ids.
#[derive(Debug, Default)]
pub struct Spans(BTreeMap<String, Span>);

impl Collector {
    /// Starts one, which writes into `folder`.
    ///
    /// # Errors
    /// If it doesn't listen in time.
    pub async fn start(folder: &Path) -> anyhow::Result<Self> {
        let program =
            std::env::var(ROTEL).with_context(|| format!("run cargo xtask test or set {ROTEL}"))?;
        let (grpc, http) = (free_address().await?, free_address().await?);
        let log = folder.join("collector.log");
        let child = Command::new(program)
            .arg("start")
            .args(["--otlp-grpc-endpoint", &grpc])
            .args(["--otlp-http-endpoint", &http])
            .args(["--exporter", "blackhole"])
            .args(["--debug-log", "traces", "--debug-log", "metrics"])
            .args(["--debug-log-verbosity", "detailed"])
            .arg("--pid-file")
            .arg(folder.join("collector.pid"))
            .arg("--log-file")
            .arg(folder.join("collector.own.log"))
            .stdin(Stdio::null())
            .stdout(fs::File::create(&log)?)
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("the collector starts")?;
        wait::until("the collector listens", async || {
            let connected = tokio::net::TcpStream::connect(&grpc).await;
            connected.map(Some)
        })
        .await?;
        Ok(Self {
            endpoint: format!("http://{grpc}"),
            log,
            _child: child,
        })
    }

    /// Everything that it wrote down.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn text(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(&self.log)?)
    }

    /// The spans that came so far.
    ///
    /// # Errors
    /// If they can't be read.
    pub fn spans(&self) -> anyhow::Result<Spans> {
        Ok(Spans::parse(&self.text()?))
    }
}

impl Spans {
    fn parse(text: &str) -> Self {
        let mut all = Self::default();
        let mut process = String::new();
        let mut span: Option<Span> = None;
        let mut in_span = false;
        for line in text.lines() {
            if line.starts_with("Span #") {
                all.keep(span.replace(Span {
                    process: process.clone(),
                    ..Span::default()
                }));
                in_span = true;
            } else if line.starts_with("Resource") || line.starts_with("Scope") {
                all.keep(span.take());
                in_span = false;
            } else if let Some(attribute) = line.trim().strip_prefix("-> ") {
                let Some((name, value)) = attribute.split_once(": ") else {
                    continue;
                };
                let value = plain(value);
                match &mut span {
                    Some(span) if in_span => {
                        span.attributes.insert(name.to_owned(), value);
                    }
                    Some(_) | None if name == "service.name" => process = value,
                    Some(_) | None => {}
                }
            } else if let (Some((name, value)), Some(span)) = (line.split_once(':'), &mut span) {
                let value = value.trim();
                match name.trim() {
                    "Trace ID" => value.clone_into(&mut span.trace),
                    "Parent ID" => value.clone_into(&mut span.parent),
                    "ID" => value.clone_into(&mut span.id),
                    "Name" => value.clone_into(&mut span.name),
                    "Kind" => span.kind = value.trim_start_matches("SPAN_KIND_").to_owned(),
                    "Start time" => span.start = value.parse().unwrap_or_default(),
                    "End time" => span.end = value.parse().unwrap_or_default(),
                    "Attributes" => in_span = true,
                    _ => in_span = false,
                }
            }
        }
        all.keep(span);
        all
    }

    fn keep(&mut self, span: Option<Span>) {
        if let Some(span) = span {
            self.0.insert(span.id.clone(), span);
        }
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Span> {
        self.0.values()
    }

    /// From a span to its root: the span first.
    #[must_use]
    pub fn upwards<'a>(&'a self, from: &'a Span) -> Vec<&'a Span> {
        let mut way = vec![from];
        while let Some(parent) = way.last().and_then(|span| self.0.get(&span.parent)) {
            way.push(parent);
        }
        way
    }

    /// A trace as people read it: each span under its parent, with its process and its microseconds.
    #[must_use]
    pub fn tree(&self, trace: &str) -> String {
        let spans: Vec<&Span> = self.iter().filter(|span| span.trace == trace).collect();
        let first = spans.iter().map(|span| span.start).min().unwrap_or(0);
        let roots = spans
            .iter()
            .filter(|span| !self.0.contains_key(&span.parent));
        let mut text = format!("trace {trace}\n");
        let mut stack: Vec<(usize, &Span)> = roots.map(|span| (0, *span)).collect();
        stack.sort_by_key(|(_, span)| std::cmp::Reverse(span.start));
        while let Some((depth, span)) = stack.pop() {
            // Writing to a String can't fail.
            let _ = writeln!(
                text,
                "{:>9} +{:<8} {:indent$}{:<8} {} [{}]",
                (span.start - first) / 1_000,
                (span.end - span.start) / 1_000,
                "",
                span.kind,
                span.name,
                span.process,
                indent = depth * 2,
            );
            let mut children: Vec<_> = spans
                .iter()
                .filter(|child| child.parent == span.id)
                .map(|child| (depth + 1, *child))
                .collect();
            children.sort_by_key(|(_, span)| std::cmp::Reverse(span.start));
            stack.extend(children);
        }
        text
    }
}

/// `Str(returns)` → `returns`.
fn plain(value: &str) -> String {
    value
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'))
        .unwrap_or(value)
        .to_owned()
}
