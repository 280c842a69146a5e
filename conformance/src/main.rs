//! The command line of the conformance kit.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use fcp_conformance::fuzz::Kind;
use fcp_conformance::run::{self, Run};
use fcp_conformance::subject::{InProcess, Process, Subject};
use fcp_conformance::vectors::Profile;
use fcp_conformance::{adapter, fuzz, report, simulate, vecgen};
use fcp_core::glob::Glob;

/// Exit code: something failed.
const FAILED: u8 = 1;
/// Exit code: the adapter broke the protocol.
const BREACH: u8 = 2;
/// Exit code: the command line makes no sense (sysexits' EX_USAGE, so that it is no verdict on an adapter).
const USAGE: u8 = 64;

/// Finds out whether an FCP2 implementation is right.
#[derive(Parser)]
#[command(version, about)]
struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Answer the adapter protocol on standard input and output, with our own crates.
    Adapter,
    /// Run the vectors against an implementation: exit 0 if all pass, 1 on failures, 2 if the adapter broke the protocol.
    Run(RunOptions),
    /// Write the vectors anew, or check that they are as they would be written.
    Vecgen(VecgenOptions),
    /// Play scenarios of whole meshes in virtual time, seed by seed: exit 0 if nothing is violated, 1 otherwise.
    Simulate(SimulateOptions),
    /// List everything in the crates that reads foreign bytes or text, with the fuzz target that covers it; exit 1 if
    /// something has none.
    FuzzList(FuzzListOptions),
    /// Write the seeds of the fuzz targets anew, or check that they are as they would be written.
    FuzzSeeds(FuzzSeedsOptions),
}

#[derive(clap::Args)]
struct SimulateOptions {
    /// One scenario; all of them if left out.
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// How many seeds of each scenario.
    #[arg(long, value_name = "N", default_value_t = 20)]
    seeds: u64,
    /// The first seed.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    from: u64,
    /// How many nodes, 2 to 50, as far as a scenario can do with so many; as each seed says if left out.
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u8).range(2..=50))]
    nodes: Option<u8>,
    /// Report in JSON.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct RunOptions {
    /// The program that answers the adapter protocol; our own crates, in process, if left out.
    #[arg(long, value_name = "CMD ARGS")]
    adapter: Option<String>,
    /// A second program, which opens what the first one seals and the other way round; our own crates if left out.
    #[arg(long, value_name = "CMD ARGS")]
    peer: Option<String>,
    /// Which vectors to run (§25).
    #[arg(long, value_enum, default_value_t = ProfileArgument::Full)]
    profile: ProfileArgument,
    /// Only operations, or `operation/topic/vector`, that match this pattern of `*` and `?`.
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    filter: Option<Glob>,
    /// Fail if the adapter lacks any operation that vectors ask for, except those that match one of these patterns;
    /// '' matches none. If left out, an adapter may lack whatever it likes.
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    may_lack: Vec<Glob>,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// How long an adapter may take for one answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,
}

#[derive(clap::Args)]
struct VecgenOptions {
    /// The folder of the vectors.
    #[arg(default_value = "conformance/vectors")]
    folder: PathBuf,
    /// Write nothing; exit 1 if a file differs.
    #[arg(long)]
    check: bool,
}

#[derive(clap::Args)]
struct FuzzListOptions {
    /// The folder that holds the crates.
    #[arg(default_value = ".")]
    root: PathBuf,
    /// Only the names of targets: of decoders, of machines, or of both.
    #[arg(long, value_enum, value_name = "KIND")]
    targets: Option<KindArgument>,
}

#[derive(clap::Args)]
struct FuzzSeedsOptions {
    /// The folder of the seeds.
    #[arg(default_value = "conformance/fuzz/seeds")]
    folder: PathBuf,
    /// Write nothing; exit 1 if a file differs.
    #[arg(long)]
    check: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum KindArgument {
    Decoders,
    Machines,
    All,
}

#[derive(Clone, Copy, ValueEnum)]
enum ProfileArgument {
    Mvp,
    Full,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Junit,
}

fn glob(text: &str) -> Result<Glob, String> {
    Glob::new(text).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    let command = match Command::try_parse() {
        Ok(command) => command,
        Err(error) => {
            // Printing help or a complaint may fail; there is nobody else to tell.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let done = match command.what {
        What::Adapter => serve(),
        What::Run(options) => run_vectors(&options),
        What::Vecgen(options) => write_vectors(&options),
        What::Simulate(options) => play(options),
        What::FuzzList(options) => list_targets(&options),
        What::FuzzSeeds(options) => write_seeds(&options),
    };
    done.unwrap_or_else(|stop| {
        eprintln!("{}", stop.message);
        ExitCode::from(stop.code)
    })
}

/// Why a command ends without a result.
struct Stop {
    code: u8,
    message: String,
}

impl Stop {
    fn new(code: u8, message: impl ToString) -> Self {
        Self { code, message: message.to_string() }
    }
}

fn serve() -> Result<ExitCode, Stop> {
    match adapter::serve(io::stdin().lock(), BufWriter::new(io::stdout().lock())) {
        // Whoever asked has gone.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Stop::new(FAILED, error)),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

fn run_vectors(options: &RunOptions) -> Result<ExitCode, Stop> {
    let profile = match options.profile {
        ProfileArgument::Mvp => Profile::Mvp,
        ProfileArgument::Full => Profile::Full,
    };
    let cases = run::select(profile, options.filter.as_ref()).map_err(|error| Stop::new(FAILED, error))?;
    if cases.is_empty() {
        return Err(Stop::new(USAGE, "no vector matches the filter"));
    }
    let start = |command: &String| {
        Process::start(command)
            .map(|process| process.with_patience(Duration::from_secs(options.patience)))
            .map_err(|error| Stop::new(BREACH, format!("the adapter `{command}` does not start: {error}")))
    };
    let mut subject: Box<dyn Subject> = match &options.adapter {
        Some(command) => Box::new(start(command)?),
        None => Box::new(InProcess),
    };
    let mut peer: Option<Box<dyn Subject>> = match (&options.peer, &options.adapter) {
        (Some(command), _) => Some(Box::new(start(command)?)),
        (None, Some(_)) => Some(Box::new(InProcess)),
        (None, None) => None,
    };
    let peer = peer.as_mut().map(|peer| peer.as_mut() as &mut dyn Subject);
    let done = run::run(cases, subject.as_mut(), peer).map_err(|breach| Stop::new(BREACH, breach))?;
    print(&done, options.format).map_err(|error| Stop::new(FAILED, error))?;
    let lacking = if options.may_lack.is_empty() { Vec::new() } else { done.lacking(&options.may_lack) };
    if !lacking.is_empty() {
        eprintln!("the adapter lacks operations that it must have: {}", lacking.join(", "));
    }
    Ok(if done.failed() == 0 && lacking.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn print(done: &Run, format: Format) -> io::Result<()> {
    let report = match format {
        Format::Text => report::text(done),
        Format::Json => format!("{:#}\n", report::json(done)),
        Format::Junit => report::junit(done),
    };
    io::stdout().lock().write_all(report.as_bytes())
}

fn write_vectors(options: &VecgenOptions) -> Result<ExitCode, Stop> {
    let files = vecgen::generate().map_err(|fault| Stop::new(FAILED, fault))?;
    let mut differ = 0_usize;
    for file in files {
        let path = options.folder.join(file.chapter).join(format!("{}.json", file.topic));
        let failed = |error: io::Error| Stop::new(FAILED, format!("{}: {error}", path.display()));
        if std::fs::read_to_string(&path).is_ok_and(|text| text == file.text) {
            continue;
        }
        differ = differ.saturating_add(1);
        println!("{}", path.display());
        if !options.check {
            std::fs::create_dir_all(options.folder.join(file.chapter)).map_err(failed)?;
            std::fs::write(&path, &file.text).map_err(failed)?;
        }
    }
    Ok(if options.check && differ > 0 { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

fn play(options: SimulateOptions) -> Result<ExitCode, Stop> {
    let SimulateOptions { scenario, seeds, from, nodes, json } = options;
    let options = simulate::Options { scenario, seeds, from, nodes: nodes.map(usize::from) };
    let report = simulate::run(&options).map_err(|error| Stop::new(USAGE, error))?;
    let text = if json { format!("{:#}\n", simulate::json(&report)) } else { simulate::text(&report) };
    io::stdout().lock().write_all(text.as_bytes()).map_err(|error| Stop::new(FAILED, error))?;
    Ok(if report.violations() == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn list_targets(options: &FuzzListOptions) -> Result<ExitCode, Stop> {
    let mut text = String::new();
    if let Some(wanted) = options.targets {
        for target in fuzz::TARGETS {
            let is_wanted = match wanted {
                KindArgument::Decoders => target.kind == Kind::Decoder,
                KindArgument::Machines => target.kind == Kind::Machine,
                KindArgument::All => true,
            };
            if is_wanted {
                text.push_str(target.name);
                text.push('\n');
            }
        }
        print_text(&text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let found = fuzz::sources::scan(&options.root)
        .map_err(|error| Stop::new(USAGE, format!("no crates in `{}`: {error}", options.root.display())))?;
    let listed = fuzz::list(&found);
    let width = listed.keys().map(String::len).max().unwrap_or_default();
    for (entry, covered) in &listed {
        text.push_str(&format!("{entry:width$}  {covered}\n"));
    }
    let wrong = listed.values().filter(|covered| !covered.is_right()).count();
    text.push_str(&format!("{} entry points, {} targets, {wrong} wrong\n", listed.len(), fuzz::TARGETS.len()));
    print_text(&text)?;
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn print_text(text: &str) -> Result<(), Stop> {
    io::stdout().lock().write_all(text.as_bytes()).map_err(|error| Stop::new(FAILED, error))
}

fn write_seeds(options: &FuzzSeedsOptions) -> Result<ExitCode, Stop> {
    let failed = |path: &Path, error: io::Error| Stop::new(FAILED, format!("{}: {error}", path.display()));
    let mut differ = 0_usize;
    for (target, seeds) in fuzz::corpus::seeds() {
        let folder = options.folder.join(target);
        if !options.check {
            std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, error))?;
        }
        for (name, bytes) in &seeds {
            let path = folder.join(name);
            if std::fs::read(&path).is_ok_and(|found| found == *bytes) {
                continue;
            }
            differ = differ.saturating_add(1);
            println!("{}", path.display());
            if !options.check {
                std::fs::write(&path, bytes).map_err(|error| failed(&path, error))?;
            }
        }
        for entry in std::fs::read_dir(&folder).map_err(|error| failed(&folder, error))? {
            let entry = entry.map_err(|error| failed(&folder, error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if seeds.contains_key(&name) || name.starts_with(fuzz::corpus::FOUND) {
                continue;
            }
            differ = differ.saturating_add(1);
            println!("{}: no seed any more", entry.path().display());
            if !options.check {
                std::fs::remove_file(entry.path()).map_err(|error| failed(&entry.path(), error))?;
            }
        }
    }
    Ok(if options.check && differ > 0 { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}
