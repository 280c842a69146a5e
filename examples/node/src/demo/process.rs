//! The demo's nodes: four separate processes, talked to through their control sockets.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::control::{ControlClient, ControlError};

/// How often a starting node's socket is tried, and how long in between.
const ATTEMPTS: u32 = 200;
const BETWEEN: Duration = Duration::from_millis(25);

/// Where a node's data and its granted directory are, in its folder.
const DATA: &str = "data";
const SHARED: &str = "shared";

/// One node of the demo.
pub(super) struct NodeProcess {
    /// What the demo calls it: `desktop`.
    pub(super) name: &'static str,
    /// Its node id.
    pub(super) node_id: String,
    folder: PathBuf,
    child: Option<Child>,
    client: Option<ControlClient>,
}

impl NodeProcess {
    /// Writes the node's configuration into `root` and starts it.
    pub(super) fn start(root: &Path, name: &'static str, tags: &[&str]) -> std::io::Result<Self> {
        let folder = root.join(name);
        std::fs::create_dir_all(folder.join(SHARED))?;
        let node_id =
            format!("n{}{}", name.get(..1).unwrap_or_default().to_uppercase(), name.get(1..).unwrap_or_default());
        let config = format!(
            "node_id = \"{node_id}\"\nclass = \"{name}\"\ndata_dir = \"{DATA}\"\nlisten = \"127.0.0.1\"\ntags = {tags:?}\nidle_timeout_ms = 4000\n\n\
             [upkeep]\ninterval_ms = 1000\naway_after_ms = 500\n\n[files]\ndirectory = \"{SHARED}\"\n",
        );
        std::fs::write(folder.join("node.toml"), config)?;
        let mut node = Self { name, node_id, folder, child: None, client: None };
        node.restart()?;
        Ok(node)
    }

    /// The folder of the node's configuration and log.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder that the node keeps its data in.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join(DATA)
    }

    /// The directory that its connector is granted.
    pub(super) fn shared(&self) -> PathBuf {
        self.folder.join(SHARED)
    }

    /// The node's process id, while it runs.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Whether the process runs.
    pub(super) const fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// Starts the process and waits until it answers.
    pub(super) fn restart(&mut self) -> std::io::Result<()> {
        let log = File::options().create(true).append(true).open(self.folder.join("node.log"))?;
        let child = Command::new(std::env::current_exe()?)
            .args(["node", "run", "--until-stdin-closes", "--config"])
            .arg(self.folder.join("node.toml"))
            // Nothing is ever written: the pipe closes with the demo, however that ends.
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        self.child = Some(child);
        for _ in 0..ATTEMPTS {
            if let Ok(client) = ControlClient::connect(&self.data()) {
                self.client = Some(client);
                return Ok(());
            }
            if let Some(status) = self.child.as_mut().map(Child::try_wait).transpose()?.flatten() {
                self.child = None;
                let log = std::fs::read_to_string(self.folder.join("node.log")).unwrap_or_default();
                let last = log.lines().last().unwrap_or("its log is empty").to_owned();
                return Err(std::io::Error::other(format!("the {} stopped at once ({status}): {last}", self.name)));
            }
            std::thread::sleep(BETWEEN);
        }
        Err(std::io::Error::other(format!("the {} does not answer", self.name)))
    }

    /// Kills the process with SIGKILL: it can do nothing about it.
    pub(super) fn kill(&mut self) -> std::io::Result<()> {
        self.client = None;
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Asks the node.
    pub(super) fn call(&mut self, method: &str, params: &Value) -> Result<Value, ControlError> {
        let client = self.client.as_mut().ok_or_else(|| ControlError::node("unreachable", "the node does not run"))?;
        client.call(method, params).map_err(|error| ControlError {
            message: format!("{} on the {}: {}", method, self.name, error.message),
            ..error
        })
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
