//! How often somebody may ask, over HTTP: in memory, and in a Redis that two kernels share.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::kernel::{Answer, Kernel, SECRET, Setup};

const GRANT: &str = "[plugins.test-http.grant]\nhttp = {}\n";

fn kernel(limit: &str) -> Kernel {
    Kernel::start(
        &["http"],
        &format!("{GRANT}[server]\ntrusted_proxies = [\"127.0.0.1\"]\n[limit]\nenabled = true\n{limit}"),
    )
}

/// Asks as somebody at this address.
fn from(kernel: &Kernel, address: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    kernel.ask("GET", path, &[headers, &[("x-forwarded-for", address)]].concat(), b"")
}

fn number(answer: &Answer, header: &str) -> u64 {
    answer.header(header).parse().unwrap_or_else(|_| panic!("no {header}"))
}

#[test]
fn an_address_asks_as_often_as_it_may_and_is_told() {
    let kernel = kernel("address = 3\nuser = 5\n");
    let ask = |address: &str| from(&kernel, address, "/test/http/fixed", &[]);
    let left: Vec<_> = (0..3).map(|_| number(&ask("192.0.2.1"), "x-ratelimit-remaining")).collect();
    assert_eq!(left, [2, 1, 0]);
    let refused = ask("192.0.2.1");
    refused.refuses(429, "http.too-many-requests");
    let wait = number(&refused, "retry-after");
    assert!((1..=20).contains(&wait), "{wait}");
    assert_eq!(refused.header("ratelimit-policy"), "\"address\";q=3;w=60");
    assert!(refused.header("ratelimit").starts_with("\"address\";r=0;t="));
    assert_eq!(refused.json()["details"]["limit"], "address");
    // Others go on: another address, a user at this one, whoever looks after the kernel.
    assert_eq!(ask("192.0.2.2").status, 200);
    let user = kernel.bearer("authenticated", "somebody");
    let signed = from(&kernel, "192.0.2.1", "/test/http/fixed", &[("authorization", &user)]);
    assert_eq!((signed.status, number(&signed, "x-ratelimit-limit")), (200, 5));
    assert_eq!(from(&kernel, "192.0.2.1", "/health", &[]).status, 200);
    assert!(kernel.metric("basalt_rate_limit_hits_total{limit=\"address\"}") >= 1);
}

#[test]
fn what_is_not_there_and_wrong_credentials_count_too() {
    let kernel = kernel("address = 2\n");
    let wrong = [("authorization", "Bearer wrong")];
    let statuses = [
        from(&kernel, "192.0.2.1", "/nowhere", &[]).status,
        from(&kernel, "192.0.2.1", "/test/http/fixed", &wrong).status,
        from(&kernel, "192.0.2.1", "/test/http/fixed", &wrong).status,
        from(&kernel, "192.0.2.1", "/nowhere", &[]).status,
        from(&kernel, "192.0.2.1", "/api/v1/admin/plugins", &wrong).status,
    ];
    assert_eq!(statuses, [404, 401, 429, 429, 429]);
}

#[test]
fn a_user_is_one_wherever_the_requests_come_from_and_a_server_is_nobody() {
    let kernel = kernel("address = 1\nuser = 2\n");
    let (user, other) = (kernel.bearer("authenticated", "one"), kernel.bearer("authenticated", "other"));
    let ask =
        |address: &str, bearer: &str| from(&kernel, address, "/test/http/fixed", &[("authorization", bearer)]).status;
    assert_eq!([ask("192.0.2.1", &user), ask("192.0.2.2", &user), ask("192.0.2.3", &user)], [200, 200, 429]);
    assert_eq!(ask("192.0.2.3", &other), 200);
    let service = kernel.bearer("service_role", "backend");
    assert!((0..8).all(|_| ask("192.0.2.4", &service) == 200));
}

#[test]
fn a_route_has_a_limit_of_its_own_that_the_operator_can_change() {
    let own = |status: &[u16], config: &str| {
        let config =
            format!("{config}\n[server]\ntrusted_proxies = [\"127.0.0.1\"]\n[limit]\nenabled = true\naddress = 0\n");
        let kernel = Kernel::start(&["http"], &format!("{GRANT}{config}"));
        let got: Vec<_> =
            status.iter().map(|_| from(&kernel, "192.0.2.1", "/test/http/small/guess", &[]).status).collect();
        assert_eq!(got, status, "{config}");
        assert_eq!(from(&kernel, "192.0.2.1", "/test/http/fixed", &[]).status, 200, "other routes are not it");
    };
    own(&[200, 200, 429], "");
    own(&[200, 429], "[plugins.test-http]\nrates = { guess = 1 }");
    own(&[200, 200, 200, 200], "[plugins.test-http]\nrates = { guess = 0 }");
    let setup = Setup::new(&["http"], "[plugins.test-http]\nrates = { nothing = 1 }\ngrant = { http = {} }\n");
    let kernel = setup.start();
    kernel.get("/test/http/fixed").refuses(404, "http.not-found");
    assert!(kernel.log.lock().contains("rates.nothing"));
}

#[test]
fn nobody_is_counted_unless_it_is_wanted() {
    let kernel = Kernel::start(&["http"], &format!("{GRANT}[limit]\naddress = 1\n"));
    for _ in 0..3 {
        let answer = kernel.get("/test/http/fixed");
        assert!(answer.status == 200 && answer.header("x-ratelimit-limit").is_empty());
    }
}

#[test]
fn one_of_many_nodes_that_counts_by_itself_is_warned_once() {
    let setup = Setup::new(&["http"], &format!("{GRANT}[limit]\nenabled = true\n")).env("POD_NAME", "basalt-0");
    let kernel = setup.start();
    kernel.get("/test/http/fixed");
    assert_eq!(kernel.log.lock().matches("set limit.redis").count(), 1);
}

/// A real server, on a socket of its own.
struct Redis {
    folder: tempfile::TempDir,
    process: Child,
}

impl Redis {
    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("basalt-redis").tempdir().expect("a folder");
        let process = Self::run(folder.path());
        Self { folder, process }
    }

    fn run(folder: &Path) -> Child {
        let socket = folder.join("socket");
        let mut server = Command::new("redis-server");
        server.args(["--port", "0", "--save", "", "--dir"]).arg(folder).arg("--unixsocket").arg(&socket);
        let process = server.stdout(Stdio::null()).spawn().expect("redis-server is installed by `cargo xtask test`");
        let end = Instant::now() + Duration::from_secs(20);
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < end, "Redis does not answer");
            std::thread::yield_now();
        }
        process
    }

    fn config(&self) -> String {
        // With tests beside it, this machine can be slow.
        format!("redis = \"redis+unix://{}\"\nredis_timeout = \"10s\"\n", self.folder.path().join("socket").display())
    }

    fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

#[test]
fn two_kernels_on_one_redis_count_together() {
    let redis = Redis::start();
    let kernels =
        [kernel(&format!("address = 40\n{}", redis.config())), kernel(&format!("address = 40\n{}", redis.config()))];
    // From many connections at once: what Redis does is one act, or more than forty would be let in.
    let allowed: usize = std::thread::scope(|scope| {
        let ask = |kernel| {
            scope.spawn(move || {
                (0..15).filter(|_| from(kernel, "192.0.2.1", "/test/http/fixed", &[]).status == 200).count()
            })
        };
        let asking: Vec<_> = (0..4).flat_map(|_| kernels.iter()).map(ask).collect();
        asking.into_iter().map(|asking| asking.join().expect("no panic")).sum()
    });
    // One comes back every 1.5 seconds.
    assert!((40..=60).contains(&allowed), "{allowed}");
    assert_eq!(from(&kernels[0], "192.0.2.2", "/test/http/fixed", &[]).header("x-ratelimit-remaining"), "39");
    assert_eq!(from(&kernels[1], "192.0.2.2", "/test/http/fixed", &[]).header("x-ratelimit-remaining"), "38");
}

#[test]
fn without_its_redis_a_kernel_does_what_the_operator_chose() {
    for (word, statuses) in [("local", [200, 429]), ("allow", [200, 200]), ("refuse", [503, 503])] {
        let mut redis = Redis::start();
        let kernel = kernel(&format!("address = 1\nwithout_redis = {word:?}\n{}", redis.config()));
        let ask = || from(&kernel, "192.0.2.1", "/test/http/fixed", &[]).status;
        assert_eq!([ask(), ask()], [200, 429], "{word}");
        redis.stop();
        assert_eq!([ask(), ask()], statuses, "{word}");
        assert!(kernel.metric("basalt_rate_limit_uncounted_total") >= 2, "{word}");
        assert!(!kernel.log.lock().contains(SECRET));
    }
}

#[test]
fn a_redis_that_comes_back_is_asked_again() {
    let mut redis = Redis::start();
    let kernel = kernel(&format!("address = 1000000\n{}", redis.config()));
    let uncounted = || kernel.metric("basalt_rate_limit_uncounted_total");
    let ask = || from(&kernel, "192.0.2.1", "/test/http/fixed", &[]).status;
    redis.stop();
    let _ = std::fs::remove_file(redis.folder.path().join("socket"));
    assert!(ask() == 200 && uncounted() == 1);
    redis.process = Redis::run(redis.folder.path());
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let before = uncounted();
        assert_eq!(ask(), 200);
        if uncounted() == before {
            break;
        }
        assert!(Instant::now() < end, "it is not asked again");
        std::thread::yield_now();
    }
}
