//! The tree as the checks see it: every file that is ours, Rust with and without its comments.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

use crate::repo;

/// What holds nothing of ours, wherever it is.
const SKIPPED: &[&str] = &[
    "target",
    ".git",
    ".tools",
    "postlude-data",
    "dist",
    "node_modules",
];

/// Every file of ours, read once.
pub(crate) struct Tree {
    files: Vec<File>,
}

/// One file.
pub(crate) struct File {
    /// From the root, with `/`.
    pub(crate) path: String,
    /// As it is; empty for what isn't text.
    pub(crate) text: String,
    /// For Rust: the text with comments and the insides of literals blanked, line by line the same.
    pub(crate) code: String,
    /// For Rust: from which line to which the code is only there for tests (1-based, inclusive).
    test_lines: Vec<(usize, usize)>,
}

impl Tree {
    /// Reads it.
    pub(crate) fn load() -> Result<Self> {
        let root = repo::root();
        let mut files = Vec::new();
        walk(&root, &root, &mut files)?;
        files.sort_by(|a: &File, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// A tree that isn't on any disk.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| File::new((*path).to_owned(), (*text).to_owned()))
            .collect();
        Self { files }
    }

    /// Every file.
    pub(crate) fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// Every Rust file.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// Every Rust file that holds nothing but tests.
    pub(crate) fn test_files(&self) -> impl Iterator<Item = &File> {
        self.rust().filter(|file| file.is_test())
    }

    /// One file.
    pub(crate) fn get(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The text of one file, or an error that names it.
    pub(crate) fn text(&self, path: &str) -> Result<&str> {
        self.get(path)
            .map(|file| file.text.as_str())
            .with_context(|| format!("{path} is missing"))
    }
}

impl File {
    fn new(path: String, text: String) -> Self {
        let is_rust = path.ends_with(".rs");
        let code = if is_rust { blank(&text) } else { String::new() };
        let test_lines = test_lines(&code);
        Self {
            path,
            text,
            code,
            test_lines,
        }
    }

    /// Whether all of it is there for tests only.
    pub(crate) fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
    }

    /// Whether a line is there for tests only.
    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.is_test()
            || self
                .test_lines
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&line))
    }

    /// The code, line by line, with numbers.
    pub(crate) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(i, line)| (i + 1, line))
    }

    /// The line on which a byte of `text` stands.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        self.text
            .get(..offset)
            .map_or(1, |before| before.matches('\n').count() + 1)
    }
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<File>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        // In a second working tree `.git` is a file.
        if SKIPPED.iter().any(|skipped| name == *skipped) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            if !name.to_string_lossy().starts_with(".dist-") {
                walk(root, &path, files)?;
            }
            continue;
        }
        let relative = path
            .strip_prefix(root)?
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect::<Vec<_>>()
            .join("/");
        // Somebody's editor may take a file away between listing and reading.
        let bytes = fs::read(&path).unwrap_or_default();
        let text = String::from_utf8(bytes).unwrap_or_default();
        files.push(File::new(relative, text));
    }
    Ok(())
}

/// Rust without comments and without the insides of string and character literals; newlines stay.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut i = 0;
    while i < chars.len() {
        let end = match (at(i), at(i + 1)) {
            ('/', '/') => (i..chars.len())
                .find(|j| at(*j) == '\n')
                .unwrap_or(chars.len()),
            ('/', '*') => block_comment(&chars, i),
            ('"', _) => quoted(&chars, i + 1),
            ('r', '"' | '#') if !is_word(at(i.wrapping_sub(1))) => match raw_string(&chars, i) {
                Some(end) => end,
                None => i,
            },
            ('\'', '\\') => (i + 2..chars.len())
                .find(|j| at(*j) == '\'' && (*j > i + 2))
                .map_or(chars.len(), |j| j + 1),
            ('\'', _) if at(i + 2) == '\'' => i + 3,
            _ => i,
        };
        if end == i {
            out.push(at(i));
            i += 1;
            continue;
        }
        let is_comment = at(i) == '/';
        for (offset, c) in chars.get(i..end).unwrap_or_default().iter().enumerate() {
            let edge = !is_comment && (offset == 0 || offset + 1 == end - i);
            out.push(if *c == '\n' || edge { *c } else { ' ' });
        }
        i = end;
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn block_comment(chars: &[char], start: usize) -> usize {
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let (mut depth, mut i) = (0_usize, start);
    while i < chars.len() {
        match (at(i), at(i + 1)) {
            ('/', '*') => {
                depth += 1;
                i += 2;
            }
            ('*', '/') => {
                depth -= 1;
                i += 2;
                if depth == 0 {
                    return i;
                }
            }
            _ => i += 1,
        }
    }
    chars.len()
}

fn quoted(chars: &[char], start: usize) -> usize {
    let mut i = start;
    while let Some(c) = chars.get(i) {
        match c {
            '\\' => i += 2,
            '"' => return i + 1,
            _ => i += 1,
        }
    }
    chars.len()
}

fn raw_string(chars: &[char], start: usize) -> Option<usize> {
    let hashes = chars
        .get(start + 1..)?
        .iter()
        .take_while(|c| **c == '#')
        .count();
    let open = start + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let mut i = open + 1;
    while i < chars.len() {
        let closes = chars.get(i) == Some(&'"')
            && chars
                .get(i + 1..i + 1 + hashes)
                .is_some_and(|tail| tail.iter().all(|c| *c == '#'));
        if closes {
            return Some(i + 1 + hashes);
        }
        i += 1;
    }
    Some(chars.len())
}

/// What `#[cfg(test)]` covers: the item that follows it.
fn test_lines(code: &str) -> Vec<(usize, usize)> {
    let line = |offset: usize| {
        code.get(..offset)
            .map_or(1, |s| s.matches('\n').count() + 1)
    };
    code.match_indices("#[cfg(test)]")
        .map(|(start, _)| {
            let (mut depth, mut end) = (0_usize, code.len());
            for (offset, c) in code.get(start..).unwrap_or_default().char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth <= 1 => {
                        end = start + offset;
                        break;
                    }
                    '}' => depth -= 1,
                    ';' if depth == 0 => {
                        end = start + offset;
                        break;
                    }
                    _ => {}
                }
            }
            (line(start), line(end))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{blank, test_lines};

    #[test]
    fn blanks_comments_and_literals_and_keeps_lines() {
        let text = "let a = \"x // y\"; // sleep(\nlet b = 'c'; /* todo!\n */ let l: &'a str = r#\"\"q\"\"#;";
        let code = blank(text);
        assert_eq!(code.lines().count(), text.lines().count());
        for gone in ["x // y", "sleep", "todo", "q"] {
            assert!(!code.contains(gone), "{gone} is still in {code}");
        }
        assert!(code.contains("let l: &'a str ="), "{code}");
    }

    #[test]
    fn knows_what_is_only_there_for_tests() {
        let code = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() {}\n}\nfn c() {}\n#[cfg(test)]\nmod more;\nfn d() {}";
        assert_eq!(test_lines(code), vec![(2, 5), (7, 8)]);
    }
}
