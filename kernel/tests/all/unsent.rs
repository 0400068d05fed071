//! Many clients that take their large answers slowly: the kernel's memory stays where its limit is, and others are served.

use crate::kernel::{Kernel, wait_until};
use crate::wire::Wire;

const CONFIG: &str = "[server]\nmax_unsent = \"64MiB\"\n[plugins.test-http]\ngrant.http = {}\n";

const LARGE: &str = "GET /test/http/answer?16000000 HTTP/1.1\r\nhost: a\r\n\r\n";

/// Resident, in MiB.
fn memory(kernel: &Kernel) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", kernel.pid())).expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") >> 10
}

fn unsent(kernel: &Kernel) -> u64 {
    kernel.metric("basalt_http_unsent_bytes ")
}

#[test]
fn slow_readers_use_up_their_budget_and_nothing_else() {
    let kernel = Kernel::start(&["http"], CONFIG);
    assert_eq!(Wire::open(&kernel).ask(LARGE).body.len(), 16_000_000);
    wait_until("all of it is taken", || unsent(&kernel) == 0);
    let before = memory(&kernel);
    let (mut slow, mut refused) = (Vec::new(), 0);
    for _ in 0..40 {
        let mut wire = Wire::open(&kernel);
        wire.send(LARGE);
        let head = wire.head();
        match head.status {
            200 => slow.push(wire),
            _ => {
                assert!(head.status == 503 && head.head.contains("retry-after: 1"), "{}", head.head);
                assert!(String::from_utf8_lossy(&wire.body(&head)).contains("http.answers-full"));
                refused += 1;
            }
        }
        assert_eq!(kernel.get("/test/http/echo").status, 200, "small answers have room");
    }
    // Half of 64 MiB, of 48 and of 32 is as much as one of them; half of what is left then is not.
    assert_eq!((slow.len(), refused), (3, 37));
    assert_eq!(unsent(&kernel), 48_000_000);
    let grown = memory(&kernel).saturating_sub(before);
    assert!(grown < 160, "{grown} MiB more for 40 answers of 16 MB");
    drop(slow);
    wait_until("nothing is left", || unsent(&kernel) == 0);
    assert_eq!(Wire::open(&kernel).ask(LARGE).status, 200);
}
