//! What is played: each scenario builds a world, does something to it, and says what must be true at the end.

mod crashes;
mod handshakes;
pub(super) mod hostile;
pub(super) mod losses;
mod transfers;

use super::world::{Brief, World};

/// One scenario.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is about, in a line.
    pub about: &'static str,
    pub(super) play: fn(Brief) -> World,
}

/// All scenarios, in the order in which they are reported.
pub const SCENARIOS: &[Scenario] = &[
    Scenario { name: "handshake", about: "everybody calls everybody over a bad network", play: handshakes::handshake },
    Scenario { name: "skew", about: "clocks are wrong, drift, and are set right", play: handshakes::skew },
    Scenario { name: "rekey", about: "sessions reach their thresholds while objects move", play: handshakes::rekey },
    Scenario { name: "transfer", about: "objects of all sizes cross a bad network", play: transfers::transfer },
    Scenario {
        name: "asymmetric",
        about: "one way is good, the way back narrow and lossy",
        play: transfers::asymmetric,
    },
    Scenario { name: "mtu", about: "paths and nodes take datagrams of different sizes", play: transfers::mtu },
    Scenario { name: "partition", about: "the mesh falls apart and comes together again", play: transfers::partition },
    Scenario { name: "gossip", about: "who was away for long learns what there is", play: transfers::gossip },
    Scenario { name: "crowd", about: "many nodes, each with a few peers", play: transfers::crowd },
    Scenario { name: "crash", about: "nodes crash and come back with their disks", play: crashes::crash },
    Scenario {
        name: "snapshot",
        about: "old disks are restored, also beside the node itself",
        play: crashes::snapshot,
    },
    Scenario {
        name: "device-loss",
        about: "devices leave for good, and others repair what they kept",
        play: losses::loss,
    },
    Scenario {
        name: "corruption",
        about: "bits flip, datagrams are cut, lengthened and spliced",
        play: hostile::corruption,
    },
    Scenario { name: "replay", about: "somebody records datagrams and plays them again", play: hostile::replay },
    Scenario { name: "flood", about: "half-open hellos from spoofed addresses", play: hostile::flood },
    Scenario { name: "garbage", about: "anything but messages, from anywhere", play: hostile::garbage },
    Scenario { name: "liar", about: "members send wrong symbols", play: hostile::liar },
];
