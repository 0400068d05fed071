//! The `basalt` binary: arguments to a command, its failure to the terminal. Everything else is the library's.

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    basalt::cli::run(basalt::cli::Arguments::parse())
}
