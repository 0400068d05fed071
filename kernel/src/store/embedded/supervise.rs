//! Watches the server: starts it again when it dies, with longer and longer pauses, until it is told to stop it.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Server;
use super::process::{Process, adopt, left, start};
use crate::error::Result;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(30);

/// A server that ran this long was well: the next death is a new misfortune.
const WELL: Duration = Duration::from_secs(60);

/// The task that watches.
pub(super) struct Supervisor(Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>);

impl Supervisor {
    /// Takes over or starts the server, and watches it.
    pub(super) async fn start(server: Server) -> Result<Self> {
        let process = match adopt(&server).await {
            Some(process) => process,
            None => start(&server).await?,
        };
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(watch(server, process, stopped));
        Ok(Self(Mutex::new(Some((stop, task)))))
    }

    /// Stops the server and waits for its end. The lock of the data directory is free afterwards.
    pub(super) async fn stop(&self) {
        let Some((stop, task)) = self.0.lock().take() else { return };
        // The task listens as long as it runs; when it panicked there is nothing to stop.
        let _ = stop.send(());
        let _ = task.await;
    }
}

async fn watch(server: Server, mut process: Process, mut stopped: oneshot::Receiver<()>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let started = Instant::now();
        tokio::select! {
            _ = &mut stopped => return process.stop().await,
            () = process.ended() => {}
        }
        if started.elapsed() > WELL {
            pause = FIRST_PAUSE;
        }
        tracing::error!(log = %server.place.log.display(), "the embedded Postgres died; starting it again");
        process = tokio::select! {
            _ = &mut stopped => return end_left(&server).await,
            process = restart(&server, &mut pause) => process,
        };
    }
}

/// Told to stop amid a start: the process is known by its own note only.
async fn end_left(server: &Server) {
    if let Some(mut process) = left(server) {
        process.stop().await;
    }
}

async fn restart(server: &Server, pause: &mut Duration) -> Process {
    loop {
        tokio::time::sleep(*pause).await;
        *pause = (*pause * 2).min(LAST_PAUSE);
        match start(server).await {
            Ok(process) => return process,
            Err(error) => tracing::error!(%error, "the embedded Postgres could not be started again"),
        }
    }
}
