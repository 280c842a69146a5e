//! The vector files, in the binary, so that it runs anywhere.

use super::File;

macro_rules! files {
    ($($chapter:literal / $topic:literal;)*) => {
        /// Every vector file, in the order of the specification.
        pub const FILES: &[File] = &[$(File {
            chapter: $chapter,
            topic: $topic,
            text: include_str!(concat!("../../vectors/", $chapter, "/", $topic, ".json")),
        }),*];
    };
}

files! {
    "02-axioms" / "attestations";
    "02-axioms" / "keys";
    "02-axioms" / "objects";
    "02-axioms" / "owner-signatures";
    "03-primitives" / "addresses";
    "03-primitives" / "bodies";
    "03-primitives" / "cbor";
    "03-primitives" / "collections";
    "03-primitives" / "ids";
    "03-primitives" / "json";
    "03-primitives" / "names";
    "03-primitives" / "sealed-boxes";
    "03-primitives" / "signatures";
    "04-symbols" / "agreement";
    "04-symbols" / "datagrams";
    "04-symbols" / "frames";
    "04-symbols" / "messages";
    "04-symbols" / "nonces";
    "04-symbols" / "replay";
    "04-symbols" / "sealing";
    "04-symbols" / "transcripts";
    "04-symbols" / "zone-keys";
    "05-zones" / "approvals";
    "05-zones" / "constraints";
    "05-zones" / "globs";
    "05-zones" / "keys";
    "05-zones" / "lattice";
    "05-zones" / "objects";
    "05-zones" / "pointers";
    "05-zones" / "policies";
    "05-zones" / "transports";
    "06-provenance" / "merging";
    "06-provenance" / "taints";
    "07-capabilities" / "objects";
    "07-capabilities" / "tokens";
    "07-capabilities" / "verdicts";
    "08-mesh" / "budgets";
    "08-mesh" / "calls";
    "08-mesh" / "filters";
    "08-mesh" / "gossip";
    "08-mesh" / "quarantine";
    "08-mesh" / "tables";
    "09-wire" / "control-frames";
    "09-wire" / "objects";
    "09-wire" / "requests";
    "11-connectors" / "interface-hashes";
    "11-connectors" / "manifests";
    "14-lifecycle" / "freshness";
    "14-lifecycle" / "revocations";
    "15-execution" / "coordinators";
    "17-security" / "diversity";
    "18-trust" / "quorums";
    "18-trust" / "tallies";
    "20-coding" / "chunks";
    "20-coding" / "coverage";
    "20-coding" / "placements";
    "20-coding" / "raptor";
    "20-coding" / "repairs";
    "23-audit" / "chains";
    "23-audit" / "checkpoints";
    "23-audit" / "messages";
    "23-audit" / "objects";
    "24-errors" / "codes";
}
