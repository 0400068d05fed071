//! Whether the data directory can be had. That our own kernel has it is no fault.

use std::fs::{File, TryLockError};

use super::Scene;
use super::finding::{DATA_DIR_LOCKED, Finding};
use super::kernel::Kernel;
use crate::store::EMBEDDED_LOCK;

pub(super) fn check(scene: &Scene<'_>) -> Vec<Finding> {
    let place = scene.data_dir.display();
    vec![match scene.kernel {
        Kernel::Running(process, address) => {
            Finding::ok("lock", place, format!("a kernel is running: process {process}, at http://{address}"))
        }
        Kernel::Silent(process) => locked(scene, process),
        Kernel::Stopped if is_locked(scene) => locked(scene, None),
        Kernel::Stopped => Finding::ok("lock", place, "no kernel is running, and nobody else has it"),
    }]
}

/// A command that runs the embedded server has only the server's lock.
fn is_locked(scene: &Scene<'_>) -> bool {
    let lock = File::open(scene.data_dir.join(EMBEDDED_LOCK));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn locked(scene: &Scene<'_>, process: Option<u32>) -> Finding {
    let place = scene.data_dir.display();
    let (found, end) = match process {
        Some(process) => (format!("process {process} has it and does not answer"), format!("`kill {process}`")),
        None => {
            ("another process has it".to_owned(), format!("`fuser {place}/*lock` names it; end it with `kill <pid>`"))
        }
    };
    let mend = format!("a start or a command may just be running: try again. If not: {end}");
    Finding::fault(&DATA_DIR_LOCKED, place, found, mend)
}
