//! Puts what `postlude plugin new` writes into the program: the templates, one folder per hook, and the
//! SDK with its contracts. A hook that has a template and a contract is there; nobody lists files.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// Files of the template that every hook has.
const SHARED: &str = "shared";

fn main() -> io::Result<()> {
    let home = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let template = home.join("src/cli/plugin/template");
    let plugins = home.join("../../plugins");
    let shared = files(&template.join(SHARED))?;
    let mut text = "const TEMPLATES: &[(&str, Files)] = &[\n".to_owned();
    for folder in entries(&template)? {
        let hook = name(&folder);
        if hook != SHARED {
            let own = files(&folder)?;
            text.push_str(&format!(
                "    ({hook:?}, {}),\n",
                list(shared.iter().chain(&own))
            ));
        }
    }
    let mut sdk = vec![("sdk/Cargo.toml".to_owned(), plugins.join("sdk/Cargo.toml"))];
    for folder in ["sdk/src", "wit"] {
        let inside = files(&plugins.join(folder))?;
        sdk.extend(
            inside
                .into_iter()
                .map(|(path, file)| (format!("{folder}/{path}"), file)),
        );
        println!("cargo::rerun-if-changed={}", plugins.join(folder).display());
    }
    text.push_str(&format!("];\nconst SDK: Files = {};\n", list(sdk.iter())));
    println!("cargo::rerun-if-changed={}", template.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("projects.rs"), text)
}

/// A list of paths and their contents, as an expression.
fn list<'a>(files: impl Iterator<Item = &'a (String, PathBuf)>) -> String {
    let entries: Vec<String> = files
        .map(|(path, file)| format!("({path:?}, include_str!({:?}))", file.display().to_string()))
        .collect();
    format!("&[{}]", entries.join(", "))
}

/// Every file below a folder, by the path that it has in a project: `.txt` keeps tools from taking a
/// template for what it will be, and a dot in front would hide it.
fn files(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() {
            let inside = files(&path)?;
            let folder = name(&path);
            found.extend(
                inside
                    .into_iter()
                    .map(|(path, file)| (format!("{folder}/{path}"), file)),
            );
        } else {
            let name = name(&path);
            let name = name.strip_suffix(".txt").unwrap_or(&name);
            let name = if name == "gitignore" {
                ".gitignore"
            } else {
                name
            };
            found.push((name.to_owned(), path));
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

fn name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
