//! Finds in the sources of the crates what reads bytes or text that somebody else made.
//!
//! That is: every public function that takes bytes or text and may refuse them, every type that is parsed from text, and
//! every function that hands an input to a machine. The scan knows no more of the language than it needs, and rather finds
//! too much: what is found and reads nothing foreign is listed with the reason in `coverage`.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The crates whose sources are read.
pub const CRATES: [&str; 6] = ["fcp-core", "fcp-symbols", "fcp-zones", "fcp-audit", "fcp-caps", "fcp-connector-sdk"];

/// Finds every entry point in the crates below `root`: `crate Type::function`, or `crate module::function` for a function of
/// no type.
///
/// # Errors
/// What reading the sources fails with.
pub fn scan(root: &Path) -> io::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for name in CRATES {
        for file in files(&root.join(name).join("src"))? {
            let text = fs::read_to_string(&file)?;
            let module = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            for entry in entry_points(module, &text) {
                found.insert(format!("{name} {entry}"));
            }
        }
    }
    Ok(found)
}

/// The source files below `folder` that are no tests.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && name != "tests" && name != "testkit" {
            found.extend(files(&path)?);
        } else if name.ends_with(".rs") && name != "tests.rs" && name != "testkit.rs" && name != "battery.rs" {
            found.push(path);
        }
    }
    Ok(found)
}

/// The text without comments and without unit tests, which end a file.
fn code(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(any(test") {
            break;
        }
        let line = line.split("//").next().unwrap_or_default();
        lines.push(line);
    }
    lines.join("\n")
}

/// The entry points of one file.
fn entry_points(module: &str, text: &str) -> Vec<String> {
    let code = code(text);
    let (mut owner, mut found) = (None, Vec::new());
    let mut lines = code.lines().peekable();
    while let Some(line) = lines.next() {
        let word = line.trim_start();
        if word.starts_with("impl") {
            let mut head = word.to_owned();
            while !head.contains('{')
                && let Some(next) = lines.next()
            {
                head.push(' ');
                head.push_str(next.trim());
            }
            let (name, of_trait) = owner_of(&head);
            if of_trait.is_some_and(|of_trait| of_trait == "FromStr" || of_trait.starts_with("TryFrom<")) {
                found.push(format!("{name}::{}", if head.contains("FromStr") { "from_str" } else { "try_from" }));
            }
            owner = Some((line.len() - word.len(), name));
        } else if let Some((depth, _)) = &owner
            && word.starts_with('}')
            && line.len() - word.len() == *depth
        {
            owner = None;
        } else if let Some(rest) = function(word) {
            let mut signature = rest.to_owned();
            while !signature.contains('{')
                && !signature.ends_with(';')
                && let Some(next) = lines.next()
            {
                signature.push(' ');
                signature.push_str(next.trim());
            }
            let name: String = signature.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if reads(&name, &signature) {
                let of = owner.as_ref().map_or(module, |(_, name)| name.as_str());
                found.push(format!("{of}::{name}"));
            }
        }
    }
    found
}

/// What follows `fn` in the declaration of a public function.
fn function(word: &str) -> Option<&str> {
    let rest = word.strip_prefix("pub ")?;
    let rest = ["const ", "async "].iter().fold(rest, |rest, keyword| rest.strip_prefix(keyword).unwrap_or(rest));
    rest.strip_prefix("fn ")
}

/// The type of an implementation, and the trait, if it is of one.
fn owner_of(head: &str) -> (String, Option<String>) {
    let mut rest = head.trim_start_matches("impl").trim_start();
    if rest.starts_with('<') {
        let mut depth = 0_usize;
        let end = rest.char_indices().find_map(|(at, c)| {
            depth = match c {
                '<' => depth + 1,
                '>' if !rest[..at].ends_with('-') => depth.saturating_sub(1),
                _ => depth,
            };
            (depth == 0).then_some(at + 1)
        });
        rest = rest[end.unwrap_or(0)..].trim_start();
    }
    let (of_trait, name) = match rest.split_once(" for ") {
        Some((of_trait, name)) => (Some(of_trait), name),
        None => (None, rest),
    };
    let bare = |path: &str| {
        let path = path.split(" where").next().unwrap_or_default().trim_end_matches('{').trim();
        let generics = path.find('<').unwrap_or(path.len());
        path[..generics].rsplit("::").next().unwrap_or_default().trim().to_owned()
    };
    let of_trait = of_trait.map(|text| {
        let short = bare(text);
        if text.contains("TryFrom<") { format!("{short}<") } else { short }
    });
    (bare(name), of_trait)
}

/// Whether a function takes something foreign: bytes or text that it may refuse, or an input of a machine.
fn reads(name: &str, signature: &str) -> bool {
    let Some((parameters, result)) = split(signature) else { return false };
    let takes = ["[u8]", "&str", "&'b str", "&mut &[u8]"].iter().any(|kind| parameters.contains(kind))
        || parameters.contains("_: [u8;")
        || name.starts_with("from_bytes");
    let refuses = ["Result<", "Option<", "bool"].iter().any(|kind| result.contains(kind));
    name == "handle" || name.starts_with("handle_") || takes && refuses
}

/// The parameters and the result of a signature.
fn split(signature: &str) -> Option<(&str, &str)> {
    let open = {
        // Generics may hold parentheses of their own.
        let generics = signature.find('<').filter(|at| signature.find('(').is_none_or(|open| *at < open));
        match generics {
            None => signature.find('(')?,
            Some(start) => {
                let mut depth = 0_usize;
                let end = signature.char_indices().skip(start).find_map(|(at, c)| {
                    depth = match c {
                        '<' => depth + 1,
                        '>' if !signature[..at].ends_with('-') => depth.saturating_sub(1),
                        _ => depth,
                    };
                    (depth == 0).then_some(at)
                })?;
                end + signature[end..].find('(')?
            }
        }
    };
    let mut depth = 0_usize;
    let close = signature[open..].char_indices().find_map(|(at, c)| {
        depth = match c {
            '(' => depth + 1,
            ')' => depth.saturating_sub(1),
            _ => depth,
        };
        (depth == 0).then_some(open + at)
    })?;
    Some((&signature[open..=close], &signature[close + 1..]))
}

#[cfg(test)]
mod tests {
    use super::entry_points;

    #[test]
    fn what_reads_is_found_and_nothing_else() {
        let source = r#"
/// Docs that say `pub fn parse(bytes: &[u8]) -> Result<Self, E>`.
impl<'a, T: Fn(&str) -> bool> Frame<'a, T> {
    pub const fn parse(bytes: &'a [u8]) -> Result<Self, FrameError> {
        if x { y }
    }
    fn private(bytes: &[u8]) -> Option<u8> { None }
    pub(crate) fn inner(bytes: &[u8]) -> Option<u8> { None }
    pub fn writes(&self, out: &mut Vec<u8>) {}
    pub fn handle_timeout(
        &mut self,
        now: Millis,
    ) -> Vec<Key> {
    }
    pub fn each<F: Fn(&str)>(&self, f: F, text: &str) -> bool { true }
}

impl FromStr for Id {
    type Err = E;
}

impl<'a> TryFrom<&'a [u8]> for Other<'a> {
}

pub fn check(bytes: &[u8], floats: bool) -> Result<(), DecodeError> {
}

pub fn hash(bytes: &[u8]) -> u64 { 0 }

#[cfg(test)]
mod tests {
    pub fn parse(bytes: &[u8]) -> Option<u8> { None }
}
"#;
        let found = entry_points("module", source);
        let expected = [
            "Frame::parse",
            "Frame::handle_timeout",
            "Frame::each",
            "Id::from_str",
            "Other::try_from",
            "module::check",
        ];
        assert_eq!(found, expected);
    }
}
