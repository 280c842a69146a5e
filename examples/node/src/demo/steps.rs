//! The steps.

mod agent;
mod audit;
mod enroll;
mod file;
mod keys;
mod restart;
mod sessions;

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::mesh::Devices;
use super::{Failure, Proof, Reporter};
use crate::cli::DemoArgs;

/// What the steps hand on to each other.
#[derive(Default)]
pub(super) struct State {
    /// The share bodies of the owner key's participants, for the owner to sign.
    shares: Vec<Value>,
    /// The owner's public key.
    owner: String,
    /// The file that is moved.
    file: PathBuf,
    /// The file's manifest.
    root: String,
    /// Every object of the file.
    objects: Vec<String>,
    /// A checkpoint that was accepted early on, for offering it again later.
    old_checkpoint: Value,
}

type Step = fn(&mut Devices, &mut State, &mut Proof) -> Result<(), Failure>;

/// Runs the steps in order; the first that does not hold ends it.
pub(super) fn run(args: &DemoArgs, root: &Path, reporter: &mut Reporter) -> Result<(), Failure> {
    let (mut state, mut devices) = set_up(args, root).inspect_err(|why| reporter.not_begun(why))?;
    let steps: [(&str, Step); 11] = [
        ("Keys and a 2-of-3 owner key that nobody holds", keys::run),
        ("Enrollment: attestations, zones, policies, keys, checkpoint 1", enroll::run),
        ("Sessions between all pairs", sessions::run),
        ("A file becomes symbols, spread over the mesh", file::spread),
        ("The desktop is killed, and the file is whole", file::lose),
        ("The mesh makes up for the loss by itself", file::mend),
        ("One datagram in five is lost on the way, and the file arrives", file::arrive),
        ("An agent lists and reads through a connector", agent::reads),
        ("Public text tries to have a file deleted", agent::deletes),
        ("The desktop comes back, and old news is refused", restart::run),
        ("The audit chain, from its first event", audit::run),
    ];
    for (title, step) in steps {
        take(&mut devices, &mut state, reporter, title, step)?;
    }
    if args.kill_coordinator {
        take(&mut devices, &mut state, reporter, "The coordinator is killed, and the others go on", restart::failover)?;
    }
    Ok(())
}

/// The file, and four nodes that run.
fn set_up(args: &DemoArgs, root: &Path) -> Result<(State, Devices), Failure> {
    let state = State { file: file::prepare(args.file.as_deref(), root)?, ..State::default() };
    Ok((state, Devices::start(root)?))
}

fn take(
    devices: &mut Devices,
    state: &mut State,
    reporter: &mut Reporter,
    title: &str,
    step: Step,
) -> Result<(), Failure> {
    let running = reporter.begin(title);
    let mut proof = Proof::new();
    let outcome = step(devices, state, &mut proof);
    reporter.end(&running, outcome.as_ref().map(|()| &proof).map_err(String::as_str));
    outcome
}

/// The first six digits of an id.
fn short(id: &Value) -> String {
    id.as_str().and_then(|id| id.get(..6)).unwrap_or("-").to_owned()
}
