//! Whether the kernel could listen where it should. It accepts no connection.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use super::Scene;
use super::finding::{Finding, PORT_TAKEN};
use super::kernel::Kernel;

pub(super) fn check(scene: &Scene<'_>) -> Vec<Finding> {
    let address = scene.setup.config.server.address;
    let is_ours = matches!(scene.kernel, Kernel::Running(_, own) if own == address);
    vec![match TcpListener::bind(address) {
        _ if is_ours => Finding::ok("address", address, "the running kernel has it"),
        Ok(_) if address.port() == 0 => Finding::ok("address", address, "the system chooses a port"),
        Ok(_) => Finding::ok("address", address, "free"),
        Err(fault) => Finding::fault(&PORT_TAKEN, address, fault.to_string(), mend(address, fault.kind())),
    }]
}

fn mend(address: SocketAddr, fault: ErrorKind) -> String {
    let elsewhere = format!("set BASALT_SERVER_ADDRESS={}, or `address` in [server]", free(address));
    match fault {
        ErrorKind::AddrInUse => {
            format!(
                "`ss -ltnp 'sport = :{}'` names the process that has it; end that one, or {elsewhere}",
                address.port()
            )
        }
        _ => elsewhere,
    }
}

/// An address that works: ports below 1024 are root's, and the address may not be this machine's.
fn free(address: SocketAddr) -> SocketAddr {
    let first = address.port().max(8080);
    let near = (first..first.saturating_add(100)).map(|port| SocketAddr::new(address.ip(), port));
    let local = SocketAddr::from(([127, 0, 0, 1], 0));
    near.into_iter().find(|address| TcpListener::bind(address).is_ok()).unwrap_or(local)
}
