//! What the published errata list is what the code has.

use std::fs;
use std::path::Path;

use fcp_connector_sdk::manifest::ProtocolFeature;

#[test]
fn the_protocol_features_are_the_published_ones() {
    let errata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errata.md");
    let errata = fs::read_to_string(errata).unwrap();
    let (_, section) = errata.split_once("<a id=\"d157\"></a>").unwrap();
    let (section, _) = section.split_once("<a id=").unwrap();
    let rows: Vec<_> = section.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<_> =
        ProtocolFeature::ALL.iter().map(|own| format!("| `{}` | {} |", own.text(), own.meaning())).collect();
    assert_eq!(rows, expected);
}
