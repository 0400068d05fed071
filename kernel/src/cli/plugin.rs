//! `basalt plugin`: one file for each group of commands. What an operator does goes through the admin API, also where no kernel
//! serves; making plugins takes no instance at all.

mod add;
mod build;
mod change;
mod dev;
mod inspect;
mod language;
mod list;
mod log;
mod new;
mod pack;
mod question;
mod test;
mod word;

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;

use super::Setup;
use super::admin::{self, Client, Place};
use crate::error::Result;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the plugins and how they stand
    List(list::Arguments),
    /// Say everything about one plugin
    Inspect(inspect::Arguments),
    /// Install a plugin from its file; asks before it may do anything
    Add(add::Arguments),
    /// Replace a plugin by another version; asks only for what is new
    Upgrade(add::Arguments),
    /// Take a plugin out; what it keeps in the database stays
    Remove(change::Remove),
    /// Switch a plugin on
    Enable(change::Target),
    /// Switch a plugin off
    Disable(change::Target),
    /// Go back to the version before, or end a canary
    Rollback(change::Target),
    /// Let a canary answer everything
    Promote(change::Target),
    /// Print what happened to a plugin, and what it wrote to the log lately
    Logs(log::Arguments),
    /// Start a project for a plugin
    New(new::Arguments),
    /// Serve a project and every change of it, until Ctrl-C
    Dev(dev::Arguments),
    /// Run the tests of a plugin's project
    Test(test::Arguments),
    /// Make a plugin of its project
    Build(build::Arguments),
    /// Make a plugin of a component in any language
    Pack(pack::Arguments),
}

impl Arguments {
    /// What needs no instance: whoever makes plugins may have none, and its configuration could not matter.
    pub(super) fn without_instance(&self) -> Option<Result<ExitCode>> {
        match &self.command {
            Command::New(arguments) => Some(new::run(arguments)),
            Command::Test(arguments) => Some(test::run(arguments)),
            Command::Build(arguments) => Some(build::run(arguments)),
            Command::Pack(arguments) => Some(pack::run(arguments)),
            _ => None,
        }
    }
}

/// What a command does with a kernel.
type Task = Box<dyn FnOnce(&Client) -> Result<ExitCode> + Send>;

pub(super) fn run(mut setup: Setup, arguments: Arguments) -> Result<ExitCode> {
    if let Command::Dev(dev) = arguments.command {
        dev.check()?;
        setup.config.server.address = free(setup.config.server.address);
        return admin::with_open_kernel(setup, arguments.place, move |client| dev::run(client, &dev));
    }
    // Before a kernel is looked for or started: a file that is no plugin needs none.
    let task = task(arguments.command)?;
    admin::with_kernel(setup, arguments.place, task)
}

/// The address, or any other port of it where somebody has that one: whoever tries something out has no wish for this very number.
fn free(address: SocketAddr) -> SocketAddr {
    let is_free = TcpListener::bind(address).is_ok();
    if is_free { address } else { SocketAddr::new(address.ip(), 0) }
}

fn task(command: Command) -> Result<Task> {
    let task: Task = match command {
        Command::List(arguments) => Box::new(move |client| list::run(client, &arguments)),
        Command::Inspect(arguments) => Box::new(move |client| inspect::run(client, &arguments)),
        Command::Add(arguments) => {
            let file = arguments.open()?;
            Box::new(move |client| add::run(client, &arguments, &file))
        }
        Command::Upgrade(arguments) => {
            let file = arguments.open()?;
            Box::new(move |client| add::upgrade(client, &arguments, &file))
        }
        Command::Remove(arguments) => Box::new(move |client| change::remove(client, &arguments)),
        Command::Enable(target) => Box::new(move |client| change::switch(client, &target, true)),
        Command::Disable(target) => Box::new(move |client| change::switch(client, &target, false)),
        Command::Rollback(target) => Box::new(move |client| change::roll_back(client, &target)),
        Command::Promote(target) => Box::new(move |client| change::promote(client, &target)),
        Command::Logs(arguments) => Box::new(move |client| log::run(client, &arguments)),
        Command::Dev(arguments) => Box::new(move |client| dev::run(client, &arguments)),
        Command::New(arguments) => Box::new(move |_| new::run(&arguments)),
        Command::Test(arguments) => Box::new(move |_| test::run(&arguments)),
        Command::Build(arguments) => Box::new(move |_| build::run(&arguments)),
        Command::Pack(arguments) => Box::new(move |_| pack::run(&arguments)),
    };
    Ok(task)
}
