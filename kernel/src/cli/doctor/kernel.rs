//! Whether a kernel runs on the data directory, by the lock and by asking it. It ends nothing.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::app::data_dir::{self, Holder};

/// `/health` asks nobody else: a kernel that takes longer is not well.
const PATIENCE: Duration = Duration::from_secs(2);

/// The kernel of a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kernel {
    Stopped,
    /// It answers.
    Running(u32, SocketAddr),
    /// Something has the data directory and answers nobody.
    Silent(Option<u32>),
}

impl Kernel {
    pub(super) fn find(data_dir: &Path) -> Self {
        match data_dir::holder(data_dir) {
            Holder::Nobody => Self::Stopped,
            Holder::Process(process) => Self::Silent(process),
            Holder::Kernel(process, address) if answers(address) => Self::Running(process, address),
            Holder::Kernel(process, _) => Self::Silent(Some(process)),
        }
    }

    pub(super) fn is_running(self) -> bool {
        matches!(self, Self::Running(..))
    }

    pub(super) fn as_json(self) -> Value {
        match self {
            Self::Stopped => json!({ "state": "stopped" }),
            Self::Running(process, address) => json!({ "state": "running", "pid": process, "address": address }),
            Self::Silent(process) => json!({ "state": "silent", "pid": process }),
        }
    }
}

fn answers(address: SocketAddr) -> bool {
    ask(data_dir::near(address)).is_ok_and(|answer| answer.starts_with(b"HTTP/1.1 200"))
}

fn ask(address: SocketAddr) -> std::io::Result<[u8; 12]> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}
