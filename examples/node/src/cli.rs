//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::bench::report::Layer;

/// A personal mesh: the reference node of FCP2.
///
/// Try `fcp demo` first: it starts four real nodes on this machine and shows what a mesh does.
#[derive(Parser)]
#[command(name = "fcp", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start four nodes on this machine, move a file, deny what must be denied, lose a device and lose nothing.
    Demo(DemoArgs),
    /// Run one device.
    #[command(subcommand)]
    Node(NodeCommand),
    /// Say why something was allowed or denied.
    Explain(ExplainArgs),
    /// Read a node's audit chain.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// See whether what the mesh holds would survive a loss.
    #[command(subcommand)]
    Repair(RepairCommand),
    /// Measure the symbol layer on this machine.
    Bench {
        /// What of it.
        layer: Layer,
        /// One line of JSON a figure.
        #[arg(long)]
        json: bool,
    },
    /// The sending end of what is measured between two processes.
    #[command(hide = true)]
    BenchSender {
        /// Where to.
        to: SocketAddr,
    },
    /// Run a connector on standard input and output, as a node does.
    #[command(hide = true)]
    Connector {
        /// Which one.
        name: String,
    },
}

/// What `fcp demo` is told.
#[derive(Args)]
pub(crate) struct DemoArgs {
    /// The file to move; without it, one of 1 MiB is made.
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
    /// Keep all data in this folder, which must not exist yet.
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// One line of JSON a step.
    #[arg(long)]
    pub(crate) json: bool,
    /// Also kill the node that coordinates a zone, and show that the others take over.
    #[arg(long)]
    pub(crate) kill_coordinator: bool,
}

#[derive(Subcommand)]
enum NodeCommand {
    /// Run a node until it is told to stop.
    Run {
        /// Its configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Stop when standard input ends, as it does when whoever started the node is gone.
        #[arg(long, hide = true)]
        until_stdin_closes: bool,
    },
}

#[derive(Args)]
struct ExplainArgs {
    /// The id of a decision receipt, or its first digits.
    id: String,
    /// The data folder of the node that decided.
    #[arg(long, value_name = "DIR", default_value = ".")]
    data: PathBuf,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// The newest events.
    Tail {
        /// The zone.
        #[arg(long, default_value = "z:private")]
        zone: String,
        /// How many.
        #[arg(short = 'n', long, default_value_t = 20)]
        count: u64,
        /// The node's data folder.
        #[arg(long, value_name = "DIR", default_value = ".")]
        data: PathBuf,
    },
}

#[derive(Subcommand)]
enum RepairCommand {
    /// Each object's coverage against its policy, as a node sees it.
    Status {
        /// The zone.
        #[arg(long, default_value = "z:private")]
        zone: String,
        /// The node's data folder.
        #[arg(long, value_name = "DIR", default_value = ".")]
        data: PathBuf,
        /// One line of JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Cli {
    /// Does what was asked for.
    pub(crate) fn run(self) -> ExitCode {
        let outcome = match self.command {
            Command::Demo(args) => return crate::demo::run(&args),
            Command::Node(NodeCommand::Run { config, until_stdin_closes }) => {
                crate::node::run(&config, until_stdin_closes).map_err(|error| error.to_string())
            }
            Command::Explain(args) => crate::console::explain(&args.data, &args.id),
            Command::Audit(AuditCommand::Tail { zone, count, data }) => crate::console::audit_tail(&data, &zone, count),
            Command::Repair(RepairCommand::Status { zone, data, json }) => {
                crate::console::repair_status(&data, &zone, json)
            }
            Command::Bench { layer, json } => crate::bench::report::run(layer, json),
            Command::BenchSender { to } => crate::bench::report::send(to),
            Command::Connector { name } => crate::supervisor::serve_connector(&name),
        };
        match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                eprintln!("fcp: {message}");
                ExitCode::FAILURE
            }
        }
    }
}
