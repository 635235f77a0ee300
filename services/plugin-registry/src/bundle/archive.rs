//! The archive of a bundle: an uncompressed tar, read into memory under limits.
//!
//! Nothing is written to a disk, so that a path can't lead anywhere; it is refused all the same.

use std::{
    collections::BTreeMap,
    io::Read,
    path::{Component, Path},
};

use tar::EntryType;

use super::{Flaw, Refusal};

/// Entries of one archive, at most.
const MAX_ENTRIES: usize = 256;
/// Bytes of a path, at most.
const MAX_PATH: usize = 200;

/// The regular files of an archive, by path.
#[derive(Debug)]
pub(crate) struct Archive(BTreeMap<String, Vec<u8>>);

impl Archive {
    /// Reads an archive.
    ///
    /// # Errors
    /// A [`Refusal`] that names the entry and the rule.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let broken = |place: String, error: std::io::Error| {
            Refusal::new(
                Flaw::Archive,
                place,
                format!("is not an uncompressed tar: {error}"),
            )
        };
        let mut files = BTreeMap::new();
        let mut archive = tar::Archive::new(bytes);
        let entries = archive
            .entries()
            .map_err(|error| broken("bundle".to_owned(), error))?;
        for (index, entry) in entries.enumerate() {
            let place = format!("bundle entry {}", index + 1);
            if index >= MAX_ENTRIES {
                return Err(Refusal::new(
                    Flaw::Archive,
                    place,
                    format!("a bundle has {MAX_ENTRIES} entries at most"),
                ));
            }
            let mut entry = entry.map_err(|error| broken(place.clone(), error))?;
            let raw = entry.path_bytes().into_owned();
            let path = safe_path(&raw, &place)?;
            let entry_type = entry.header().entry_type();
            if entry_type == EntryType::Directory {
                continue;
            }
            if !matches!(entry_type, EntryType::Regular | EntryType::Continuous) {
                let kind = kind(entry_type);
                return Err(Refusal::new(
                    Flaw::Archive,
                    path,
                    format!("a bundle has plain files only, this is a {kind}"),
                ));
            }
            let size = entry.size();
            let mut content = Vec::new();
            // The source is in memory, so this never reads more than the archive's own bytes.
            entry
                .read_to_end(&mut content)
                .map_err(|error| broken(path.clone(), error))?;
            if u64::try_from(content.len()).ok() != Some(size) {
                return Err(Refusal::new(
                    Flaw::Archive,
                    path,
                    format!("ends after {} of {size} bytes", content.len()),
                ));
            }
            if files.insert(path.clone(), content).is_some() {
                return Err(Refusal::new(Flaw::Archive, path, "is in the archive twice"));
            }
        }
        if files.is_empty() {
            return Err(Refusal::new(
                Flaw::Archive,
                "bundle",
                "has no files; an uncompressed tar is expected",
            ));
        }
        Ok(Self(files))
    }

    /// A file's bytes.
    pub(crate) fn file(&self, path: &str, flaw: Flaw) -> Result<&[u8], Refusal> {
        self.0
            .get(path)
            .map(Vec::as_slice)
            .ok_or_else(|| Refusal::new(flaw, path, "is not in the bundle"))
    }

    /// The paths of the files in a folder, sorted.
    pub(crate) fn folder<'a>(&'a self, folder: &str) -> Vec<&'a str> {
        let inside = |path: &&str| {
            path.strip_prefix(folder.trim_end_matches('/'))
                .is_some_and(|rest| rest.starts_with('/'))
        };
        self.0.keys().map(String::as_str).filter(inside).collect()
    }

    /// A file's text.
    pub(crate) fn text(&self, path: &str, flaw: Flaw) -> Result<&str, Refusal> {
        std::str::from_utf8(self.file(path, flaw)?).map_err(|error| {
            Refusal::new(
                flaw,
                path,
                format!("is not UTF-8 from byte {} on", error.valid_up_to()),
            )
        })
    }
}

fn safe_path(raw: &[u8], place: &str) -> Result<String, Refusal> {
    let refuse = |rule: String| Err(Refusal::new(Flaw::Archive, place, rule));
    if raw.len() > MAX_PATH {
        return refuse(format!("a path has {MAX_PATH} bytes at most"));
    }
    let Ok(text) = std::str::from_utf8(raw) else {
        return refuse("the path is not UTF-8".to_owned());
    };
    if text
        .chars()
        .any(|c| c.is_control() || c == '\\' || c == ':')
    {
        return refuse(format!("`{}` is not a plain path", text.escape_debug()));
    }
    let mut parts = Vec::new();
    for component in Path::new(text).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return refuse(format!("`{text}` leads out of the bundle"));
            }
        }
    }
    Ok(parts.join("/"))
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the library's list is open; whatever is not named is refused as well"
)]
fn kind(entry: EntryType) -> &'static str {
    match entry {
        EntryType::Link => "hard link",
        EntryType::Symlink => "symbolic link",
        EntryType::Char | EntryType::Block => "device",
        EntryType::Fifo => "pipe",
        EntryType::GNUSparse => "sparse file",
        _ => "special entry",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use super::*;

    fn entry(path: &str, kind: EntryType, content: &[u8]) -> Vec<u8> {
        let mut header = tar::Header::new_gnu();
        // By hand: the library's own setter refuses the paths that are tested here.
        let name = &mut header.as_old_mut().name;
        for (slot, byte) in name.iter_mut().zip(path.bytes()) {
            *slot = byte;
        }
        header.set_entry_type(kind);
        header.set_size(u64::try_from(content.len()).unwrap());
        if kind.is_symlink() || kind.is_hard_link() {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        let mut builder = tar::Builder::new(Vec::new());
        builder.append(&header, content).unwrap();
        builder.into_inner().unwrap()
    }

    fn refusal(bytes: &[u8]) -> String {
        Archive::read(bytes).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn reads_plain_files_and_drops_a_leading_dot() {
        let archive =
            Archive::read(&entry("./plugin.toml", EntryType::Regular, b"id = 1")).unwrap();
        assert_eq!(
            archive.text("plugin.toml", Flaw::Manifest).unwrap(),
            "id = 1"
        );
    }

    #[test]
    fn refuses_a_path_that_leads_out() {
        for path in ["../x", "/etc/passwd", "a/../../x", "a\\b", "c:x"] {
            let text = refusal(&entry(path, EntryType::Regular, b""));
            assert!(
                text.contains("leads out") || text.contains("plain path"),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_links_devices_and_pipes() {
        for (kind, word) in [
            (EntryType::Symlink, "symbolic link"),
            (EntryType::Link, "hard link"),
            (EntryType::Char, "device"),
            (EntryType::Fifo, "pipe"),
        ] {
            let text = refusal(&entry("x", kind, b""));
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_cut_short_and_what_is_no_archive() {
        let whole = entry("component.wasm", EntryType::Regular, &[7; 2_000]);
        let cut = whole.get(..1_000).unwrap();
        assert!(
            refusal(cut).starts_with("component.wasm:"),
            "{}",
            refusal(cut)
        );
        refusal(&[1; 2_048]);
        refusal(b"");
    }

    #[test]
    fn refuses_a_file_that_is_there_twice() {
        let mut builder = tar::Builder::new(Vec::new());
        for _ in 0..2 {
            let mut header = tar::Header::new_gnu();
            header.set_size(1);
            builder
                .append_data(&mut header, "plugin.toml", &b"x"[..])
                .unwrap();
        }
        assert!(refusal(&builder.into_inner().unwrap()).contains("twice"));
    }
}
