//! `fcp demo`: four real nodes on this machine, and what a mesh does.
#![expect(clippy::indexing_slicing, reason = "a JSON value gives null for what it lacks")]

mod link;
mod mesh;
mod process;
mod report;
mod steps;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::DemoArgs;
use report::{Proof, Reporter};

/// Why a step did not hold.
pub(crate) type Failure = String;

/// Runs the demo.
pub(crate) fn run(args: &DemoArgs) -> ExitCode {
    let mut reporter = Reporter::new(args.json);
    let folder = match Folder::new(args.keep.clone()) {
        Ok(folder) => folder,
        Err(error) => {
            eprintln!("fcp: cannot make a folder for the demo: {error}");
            return ExitCode::FAILURE;
        }
    };
    reporter.say("A personal mesh: four node processes on this machine, each with its own keys, disk and sockets.");
    match steps::run(args, &folder.path, &mut reporter) {
        Ok(()) => {
            reporter.say("\nEvery step held.");
            ExitCode::SUCCESS
        }
        Err(_) => {
            if let Some(kept) = folder.keep() {
                eprintln!("\nfcp: the nodes' data and logs are in `{}`", kept.display());
            }
            ExitCode::FAILURE
        }
    }
}

/// Where the demo keeps everything: a folder that goes when it ends, or one that was asked for.
struct Folder {
    path: PathBuf,
    temporary: Option<tempfile::TempDir>,
}

impl Folder {
    fn new(keep: Option<PathBuf>) -> std::io::Result<Self> {
        match keep {
            Some(path) => {
                std::fs::create_dir(&path)?;
                Ok(Self { path: path.canonicalize()?, temporary: None })
            }
            None => {
                let temporary = tempfile::Builder::new().prefix("fcp-demo-").tempdir()?;
                Ok(Self { path: temporary.path().to_owned(), temporary: Some(temporary) })
            }
        }
    }

    /// Leaves everything for inspection, if there is anything.
    fn keep(self) -> Option<PathBuf> {
        std::fs::read_dir(&self.path).ok()?.next()?.ok()?;
        Some(match self.temporary {
            Some(temporary) => temporary.keep(),
            None => self.path,
        })
    }
}
