//! A kernel that runs for one command, where none serves. It asks nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::app::{App, Ready};
use crate::cli::{Setup, block_on};
use crate::error::Result;
use crate::host::compiler;

/// Who is to know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Privacy {
    /// Nobody is told its address.
    Hidden,
    /// It serves like any other while it runs.
    Open,
}

/// Runs a command beside a kernel that starts before and ends after it. Ctrl-C ends the kernel in good order, and with it the
/// process, whatever the command waits for.
pub(super) fn run(
    setup: Setup,
    privacy: Privacy,
    command: impl FnOnce(SocketAddr) -> Result<ExitCode> + Send + 'static,
) -> Result<ExitCode> {
    let Setup { mut config, bundle } = setup;
    if privacy == Privacy::Hidden {
        config.server.address = (Ipv4Addr::LOCALHOST, 0).into();
    }
    // No balancer knows of it.
    config.server.drain_delay.0 = Duration::ZERO;
    let (tell, mut outcome) = oneshot::channel();
    let (running, ended) = oneshot::channel::<()>();
    let ready = move |ready: Ready<'_>| {
        if let Some(path) = ready.key {
            eprintln!("the operator key is in {}", path.display());
        }
        let address = ready.address;
        // One that is hidden is not noted in the lock: another command would take it for a kernel that stays.
        if privacy == Privacy::Open {
            ready.data_dir.serves(address);
        }
        std::thread::spawn(move || {
            let _ = tell.send(command(address));
            drop(running);
        });
    };
    let end = async {
        let _ = ended.await;
    };
    let app = App::new(config, bundle).compiler(compiler::this_program()?);
    block_on(app.serve_until(ready, end))?;
    // There is none when the kernel was told to stop before.
    outcome.try_recv().unwrap_or(Ok(ExitCode::FAILURE))
}
