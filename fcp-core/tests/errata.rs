//! Whoever reads `D57` or `G4` in this tree finds it in the published errata.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fcp_core::error::Reason;

/// The repository's errata, if this crate lies in the repository.
fn errata() -> Option<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.to_path_buf();
    let text = fs::read_to_string(root.join("docs/errata.md")).ok()?;
    Some((root, text))
}

/// Every word that is a `D` or `G` with a number.
fn citations(text: &str) -> BTreeSet<&str> {
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let is_number = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    words.filter(|word| word.strip_prefix(['D', 'G']).is_some_and(is_number)).collect()
}

/// The entries' names in their order: of each line `### D57 — …`.
fn headings(errata: &str) -> Vec<&str> {
    errata.lines().filter_map(|line| line.strip_prefix("### ")?.split_once(" — ").map(|(name, _)| name)).collect()
}

/// All files of the tree that cite, but for what builds and tools put there.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_str().unwrap_or_default();
        if name.starts_with('.') || matches!(name, "target" | "node_modules" | "__pycache__") {
            continue;
        }
        if path.is_dir() {
            files(&path, found);
        } else if path
            .extension()
            .is_some_and(|kind| ["rs", "md", "json", "toml", "cddl", "py"].iter().any(|own| kind == *own))
        {
            found.push(path);
        }
    }
}

#[test]
fn citations_are_found_where_they_stand() {
    let cited = |text: &str| citations(text).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(cited("(D7), [D140](#d140), `G4`; D201's D32."), "D140 D201 D32 D7 G4");
    assert_eq!(cited("ID7 D_7 D7a xD7 FD1 0xD7 D G4_ d7"), "");
    assert_eq!(cited("D7"), "D7");
}

#[test]
fn every_cited_decision_is_published() {
    let Some((root, errata)) = errata() else { return };
    let known: BTreeSet<&str> = headings(&errata).into_iter().collect();
    let mut all = Vec::new();
    files(&root, &mut all);
    assert!(all.len() > 100, "the tree is not where it should be");
    let mut missing = BTreeMap::new();
    for path in all {
        // What is not text cites nothing.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let unknown: Vec<String> =
            citations(&text).into_iter().filter(|cited| !known.contains(cited)).map(String::from).collect();
        if !unknown.is_empty() {
            missing.insert(path, unknown);
        }
    }
    assert!(missing.is_empty(), "cited and not in docs/errata.md: {missing:#?}");
}

#[test]
fn entries_stand_once_in_order_and_their_links_lead_somewhere() {
    let Some((_, errata)) = errata() else { return };
    let names = headings(&errata);
    let key = |name: &str| (name.starts_with('D'), name[1..].parse::<u32>().unwrap());
    assert!(names.contains(&"G1") && names.contains(&"D202"));
    for pair in names.windows(2) {
        assert!(key(pair[0]) < key(pair[1]), "{} stands before {}", pair[0], pair[1]);
    }
    for name in &names {
        let anchor = format!("<a id=\"{}\"></a>\n### {name} — ", name.to_lowercase());
        assert!(errata.contains(&anchor), "{name} has no anchor of its own");
    }
    for link in errata.split("](#").skip(1).filter_map(|rest| rest.split_once(')')) {
        let anchor = format!("<a id=\"{}\"></a>", link.0);
        assert!(errata.contains(&anchor), "#{} leads nowhere", link.0);
    }
}

#[test]
fn the_families_of_reason_codes_are_those_of_the_errata() {
    let Some((_, errata)) = errata() else { return };
    let entry = errata.split("### ").find(|entry| entry.starts_with("D189 — ")).unwrap();
    let (_, listed) = entry.split_once("The families are").unwrap();
    let listed: BTreeSet<&str> = listed.split('`').skip(1).step_by(2).collect();
    for reason in Reason::ALL {
        assert!(*reason == Reason::Allow || listed.contains(reason.family()), "{reason} is of an unlisted family");
    }
}
