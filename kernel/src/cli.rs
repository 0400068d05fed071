//! The command line: one file per command. A command does what the library offers and prints it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what commands are for")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod admin;
mod bundle;
mod compile;
mod config;
mod doctor;
mod key;
mod migrate;
mod plugin;
mod secret;
mod serve;
mod sql;
mod terminal;

use crate::app::Config;
use crate::config::Sources;
use crate::error::{Error, Result};
use crate::host::bundle::Bundle;

/// A self-hosted backend whose every feature is a sandboxed plugin.
#[derive(Debug, Parser)]
#[command(name = "basalt", version)]
pub struct Arguments {
    /// The configuration file [default: basalt.toml where there is one; also BASALT_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Check the configuration and stop
    #[arg(long)]
    config_test: bool,
    /// A folder with plugins and their preset, in place of the plugins inside this binary
    #[arg(long, global = true, value_name = "FOLDER")]
    bundle: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the kernel
    Serve,
    /// Print the configuration in effect, or the manual of every key
    Config(config::Arguments),
    /// Bring the database up to this version
    Migrate,
    /// Look for what would keep the kernel from running well
    Doctor(doctor::Arguments),
    /// Run SQL as the admin, from an argument or standard input
    Sql(sql::Arguments),
    /// Make tokens and operator keys
    #[command(subcommand)]
    Key(key::Command),
    /// Set, list and remove secrets
    #[command(subcommand)]
    Secret(secret::Action),
    /// Install, look at, switch and remove plugins, and make them
    Plugin(plugin::Arguments),
    /// Write a copy of this binary with plugins inside
    Bundle(bundle::Arguments),
    /// Compile a component, within limits
    #[command(hide = true)]
    Compile(compile::Arguments),
    /// Print the reference of error codes
    #[command(hide = true)]
    Errors,
}

/// What every command starts from.
struct Setup {
    config: Config,
    bundle: Bundle,
}

/// Runs a command; its failure is one clear message.
pub fn run(arguments: Arguments) -> ExitCode {
    match dispatch(arguments) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Says what failed.
fn complain(error: &Error) {
    eprintln!("error: {} [{}]", error.message, error.code);
    if let Some(source) = &error.source {
        eprintln!("cause: {source:#}");
    }
    if let Some(hint) = &error.hint {
        eprintln!("hint: {hint}");
    }
}

fn dispatch(arguments: Arguments) -> Result<ExitCode> {
    match &arguments.command {
        Some(Command::Errors) => {
            print!("{}", crate::http::render::manual());
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::Config(config::Arguments { default: true })) => {
            print!("{}", Config::manual());
            return Ok(ExitCode::SUCCESS);
        }
        // Whoever makes plugins may have no instance, and its configuration could not matter.
        Some(Command::Plugin(plugin)) => {
            if let Some(outcome) = plugin.without_instance() {
                return outcome;
            }
        }
        // It has no environment to read a configuration from.
        Some(Command::Compile(arguments)) => return compile::run(arguments),
        _ => {}
    }
    let mut setup = setup(arguments.config, arguments.bundle)?;
    if arguments.config_test {
        // Not a fault of loading, so that `doctor` can say it among its findings.
        crate::auth::check(&setup.config.auth)?;
        println!("the configuration is valid");
        return Ok(ExitCode::SUCCESS);
    }
    if matches!(arguments.command, Some(Command::Plugin(_))) {
        // Nobody wants to read about a kernel that runs for a command only, nor twice what it refuses or what plugins write.
        setup.config.log.level = "warn,http=error,plugin=off".to_owned();
    }
    crate::telemetry::start(&setup.config.log)?;
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(setup),
        Command::Config(_) => config::run(&setup),
        Command::Migrate => migrate::run(&setup),
        Command::Doctor(arguments) => doctor::run(&setup, &arguments),
        Command::Sql(arguments) => sql::run(&setup, arguments),
        Command::Key(command) => key::run(&setup, command),
        Command::Secret(action) => secret::run(&setup, &action),
        Command::Plugin(arguments) => plugin::run(setup, arguments),
        Command::Bundle(arguments) => bundle::run(&setup, &arguments),
        Command::Errors | Command::Compile(_) => Ok(ExitCode::SUCCESS),
    }
}

/// The bundle's preset is a source of configuration, and the configuration can name the bundle: read twice.
fn setup(file: Option<PathBuf>, folder: Option<PathBuf>) -> Result<Setup> {
    let mut sources = Sources::from_process(file);
    let folder = match folder {
        Some(folder) => Some(folder),
        None => Config::load(&sources)?.host.bundle,
    };
    let bundle = match folder {
        Some(folder) => Bundle::open(&folder)?,
        None => Bundle::embedded()?,
    };
    sources.preset = bundle.preset.clone();
    Ok(Setup { config: Config::load(&sources)?, bundle })
}

/// Runs a future on the kernel's runtime.
fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(Error::internal)?.block_on(future)
}
