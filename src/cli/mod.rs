//! The command line: `rolecall [--config FILE] [serve|migrate|schema|doctor|keys|networks|entitlements]`.
//!
//! Exit codes: 0 for a clean end, 2 for a setting or an argument that is not accepted, 1 for
//! everything else; errors are one sentence on the standard error output.

mod doctor;
mod entitlements;
mod keys;
mod log;
mod migrate;
mod networks;
mod schema;
mod serve;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::StartError;
use crate::app::operator::Operator;
use crate::config::{Config, ConfigError};

/// The server behind a product's Team page.
#[derive(Debug, Parser)]
#[command(name = "rolecall", version)]
struct Arguments {
    /// TOML file with settings; environment variables win over it
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Serve the API (also what happens without a command)
    Serve,
    /// Bring the database to the current model, and say what was done
    Migrate,
    /// Print the GraphQL schema
    Schema,
    /// Look at settings, keys, database and mail server, and say what to mend
    Doctor,
    /// The keys that sign access tokens
    #[command(subcommand)]
    Keys(keys::Keys),
    /// The networks from which nobody is invited
    #[command(subcommand)]
    Networks(networks::Networks),
    /// What organizations are entitled to
    #[command(subcommand)]
    Entitlements(entitlements::Entitlements),
}

/// Does what the command line says.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(answer) => {
            // Help and the version are answers too. Where they cannot be written, the code has to do.
            let _ = answer.print();
            return ExitCode::from(if answer.use_stderr() { 2 } else { 0 });
        }
    };
    let (code, sentence) = match execute(arguments) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(StartError::Config(error)) => (2, error.to_string()),
        Err(StartError::Other(sentence)) => (1, sentence),
    };
    let _ = writeln!(io::stderr(), "rolecall: {sentence}");
    ExitCode::from(code)
}

fn execute(arguments: Arguments) -> Result<(), StartError> {
    let settings = || settings(arguments.config.as_deref());
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(settings()?),
        Command::Migrate => migrate::run(&settings()?),
        Command::Schema => schema::run(),
        Command::Doctor => doctor::run(&settings()?),
        Command::Keys(what) => keys::run(&settings()?, what),
        Command::Networks(what) => networks::run(&settings()?, what),
        Command::Entitlements(what) => entitlements::run(&settings()?, what),
    }
}

/// Does what the operator asked for, at the database of the settings.
fn operator(
    config: &Config,
    doing: impl AsyncFnOnce(&Operator) -> Result<String, StartError>,
) -> Result<String, StartError> {
    runtime()?.block_on(async {
        let operator = Operator::connect(config).await?;
        let done = doing(&operator).await;
        operator.close().await?;
        done
    })
}

/// What commands run on that do one thing and end.
fn runtime() -> Result<tokio::runtime::Runtime, StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| StartError::Other(format!("cannot start: {error}")))
}

/// The settings of the environment and of the file.
fn settings(file: Option<&Path>) -> Result<Config, ConfigError> {
    let contents = file.map(read).transpose()?;
    // A value that is no Unicode is still a value: it shall be refused, not ignored.
    let env = |name: &str| std::env::var_os(name).map(|text| text.to_string_lossy().into_owned());
    Config::load(env, contents.as_deref())
}

fn read(file: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(file).map_err(|error| ConfigError {
        setting: "--config",
        got: format!("\"{}\", which cannot be read ({error})", file.display()),
        accepts: "the path of a TOML file".to_owned(),
    })
}

/// Writes a command's result to the standard output.
fn print(text: &str) -> Result<(), StartError> {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        // The reader (`head`, say) had enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(StartError::Other(format!("cannot write to the output: {error}"))),
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_command_line_is_well_formed() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a_bare_call_serves_and_the_file_may_stand_before_or_after_the_command() {
        assert!(parse("rolecall").unwrap().command.is_none());
        for line in ["rolecall --config a.toml migrate", "rolecall migrate --config a.toml"] {
            let arguments = parse(line).unwrap();
            assert!(matches!(arguments.command, Some(Command::Migrate)));
            assert_eq!(arguments.config, Some("a.toml".into()));
        }
        assert!(parse("rolecall fly").unwrap_err().use_stderr());
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = settings(Some(Path::new("no/such/file.toml"))).unwrap_err().to_string();
        assert!(error.starts_with("--config got \"no/such/file.toml\", which cannot"), "{error}");
    }
}
