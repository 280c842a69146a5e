//! A node's configuration file.
//!
//! ```toml
//! node_id = "nLaptop1"
//! class = "laptop"
//! data_dir = "laptop"
//! listen = "127.0.0.1"
//! tags = ["fcp-private", "fcp-work"]
//!
//! [files]
//! directory = "shared"
//! ```

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use fcp_core::id::{NodeId, NodeTag};
use fcp_symbols::repair::RepairConfig;
use serde::Deserialize;

/// Why a configuration is not usable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file is not TOML, or has a key that is not known, or lacks one.
    #[error("the configuration `{path}` is wrong:\n{source}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
    /// A value is outside of its grammar.
    #[error("the configuration `{path}` is wrong: `{key}`: {fault}")]
    Value {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        fault: String,
    },
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    node_id: String,
    class: String,
    data_dir: PathBuf,
    listen: IpAddr,
    #[serde(default)]
    quic_port: u16,
    #[serde(default)]
    udp_port: u16,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default = "idle_timeout_ms")]
    idle_timeout_ms: u64,
    files: Option<FilesSection>,
    #[serde(default)]
    upkeep: Upkeep,
}

const fn idle_timeout_ms() -> u64 {
    20_000
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilesSection {
    directory: PathBuf,
}

/// How often a node looks after what the mesh holds.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Upkeep {
    /// How long after one look at coverage the next one follows, in milliseconds.
    pub(crate) interval_ms: u64,
    /// How long a device must be out of reach until what it holds no longer counts, in milliseconds.
    pub(crate) away_after_ms: u64,
}

impl Default for Upkeep {
    /// A look a minute, and ten minutes out of reach.
    fn default() -> Self {
        Self { interval_ms: 60_000, away_after_ms: 600_000 }
    }
}

impl Upkeep {
    /// The same intervals for repair, in proportion.
    pub(crate) fn repair(self) -> RepairConfig {
        let interval_ms = self.interval_ms.max(100);
        RepairConfig {
            interval_ms,
            patience_ms: interval_ms.saturating_mul(2),
            takeover_ms: interval_ms.saturating_mul(5),
            settle_ms: interval_ms.saturating_mul(10),
            ..RepairConfig::default()
        }
    }
}

/// What a node is told about itself.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Its id.
    pub(crate) node_id: NodeId,
    /// What kind of device it is.
    pub(crate) class: String,
    /// Where it keeps everything.
    pub(crate) data_dir: PathBuf,
    /// Where it listens; on a loopback address nobody else can reach it.
    pub(crate) listen: IpAddr,
    /// QUIC's port; 0 takes any.
    pub(crate) quic_port: u16,
    /// UDP's port; 0 takes any.
    pub(crate) udp_port: u16,
    /// How long a peer may be silent until its connection is given up, in milliseconds.
    pub(crate) idle_timeout_ms: u64,
    /// What the identity provider says it is tagged with. The owner's attestation decides which of them count.
    pub(crate) tags: Vec<NodeTag>,
    /// The directory that the `files` connector is granted, if any.
    pub(crate) files: Option<PathBuf>,
    /// How often it looks after what the mesh holds.
    pub(crate) upkeep: Upkeep,
}

impl Config {
    /// Reads the configuration in `path`. Relative paths in it are relative to its folder.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let file: File = toml::from_str(&text)
            .map_err(|source| ConfigError::Syntax { path: path.to_owned(), source: Box::new(source) })?;
        let value = |key: &'static str, fault: String| ConfigError::Value { path: path.to_owned(), key, fault };
        let folder = path.parent().unwrap_or(Path::new("."));
        let tags =
            file.tags.iter().map(|tag| NodeTag::new(tag).map_err(|fault| value("tags", format!("`{tag}`: {fault}"))));
        Ok(Self {
            node_id: NodeId::new(&file.node_id).map_err(|fault| value("node_id", fault.to_string()))?,
            class: file.class,
            data_dir: folder.join(file.data_dir),
            listen: file.listen,
            quic_port: file.quic_port,
            udp_port: file.udp_port,
            idle_timeout_ms: file.idle_timeout_ms,
            tags: tags.collect::<Result<_, _>>()?,
            upkeep: file.upkeep,
            files: file.files.map(|files| folder.join(files.directory)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    fn read(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.toml");
        std::fs::write(&path, text).unwrap();
        Config::read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let good = "node_id = \"n1\"\nclass = \"laptop\"\ndata_dir = \"d\"\nlisten = \"127.0.0.1\"\n";
        assert_eq!(read(good).unwrap().node_id.as_str(), "n1");
        let unknown = read(&format!("{good}colour = 1\n")).unwrap_err();
        assert!(unknown.contains("colour") && unknown.contains("line 5"), "{unknown}");
        assert!(read("class = \"x\"").unwrap_err().contains("node_id"));
        let tag = read(&format!("{good}tags = [\"FCP\"]\n")).unwrap_err();
        assert!(tag.contains("tags") && tag.contains("upper-case"), "{tag}");
    }
}
