//! The embedded Postgres: starts from nothing, survives every death, and loses no acknowledged row.

use std::process::Command;

use crate::kernel::{Kernel, Setup, try_ask};

const CONFIG: &str = "[plugins.test-sql]\ntrusted = true\n\
    grant = { http = {}, sql = { modes = [\"own\", \"caller\"] } }\n";

fn insert(kernel: &Kernel, id: usize) -> bool {
    let body = serde_json::json!({
        "mode": "caller", "end": "one",
        "statements": [["insert into public.kept values ($1)", [id.to_string()]]],
    });
    let answer = try_ask(&kernel.url, "POST", "/test/sql/", &[], body.to_string().as_bytes());
    answer.is_ok_and(|answer| answer.status == 200)
}

/// Inserts until somebody dies; gives the ids that were acknowledged.
fn insert_until_failure(kernel: &Kernel, first: usize, kill: impl FnOnce() + Send) -> Vec<usize> {
    std::thread::scope(|scope| {
        let (said, heard) = std::sync::mpsc::channel();
        let inserts = scope.spawn(move || {
            let mut kept = Vec::new();
            for id in first.. {
                if !insert(kernel, id) {
                    return kept;
                }
                kept.push(id);
                let _ = said.send(());
            }
            kept
        });
        heard.iter().take(20).for_each(drop);
        kill();
        inserts.join().expect("ended")
    })
}

fn postmaster(setup: &Setup) -> String {
    let file = setup.path("data/postgres/data/postmaster.pid");
    let text = std::fs::read_to_string(file).expect("a running server");
    text.lines().next().expect("a pid").to_owned()
}

fn kill(pid: &str) {
    assert!(Command::new("kill").args(["-9", pid]).status().expect("kill runs").success());
}

fn count(kernel: &Kernel) -> usize {
    kernel.sql("select count(*) from public.kept").lines().nth(1).and_then(|line| line.parse().ok()).expect("a number")
}

#[test]
fn every_acknowledged_row_survives_the_death_of_the_kernel_and_of_postgres() {
    let kernel = Setup::embedded(&["sql"], CONFIG).start();
    kernel.sql("create table public.kept (id int primary key); grant insert on public.kept to anon");
    let pid = kernel.pid().to_string();
    let mut kept = insert_until_failure(&kernel, 0, || kill(&pid));
    assert!(kept.len() >= 20);
    let kernel = kernel.kill().start();
    assert!(count(&kernel) >= kept.len());
    let pid = postmaster(&kernel.setup);
    let next = kept.len() + 1000;
    kept.extend(insert_until_failure(&kernel, next, || kill(&pid)));
    crate::kernel::wait_until("the kernel serves again", || kernel.get("/ready").status == 200);
    let ids: Vec<_> = kept.iter().map(ToString::to_string).collect();
    let found = kernel.sql(&format!("select count(*) from public.kept where id in ({})", ids.join(",")));
    assert_eq!(found.lines().nth(1), Some(kept.len().to_string().as_str()));
    let setup = kernel.stop();
    assert!(!setup.path("data/postgres/data/postmaster.pid").exists(), "a clean stop ends the server");
}

#[test]
fn sql_works_whether_the_kernel_runs_or_not() {
    let setup = Setup::embedded(&[], "");
    assert!(setup.sql("select 1 as one").contains("one\n1"));
    let kernel = setup.start();
    kernel.sql("create table public.made (id int)");
    let setup = kernel.stop();
    assert!(setup.sql("select count(*) from public.made").contains('0'));
}

#[test]
fn the_data_directory_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let kernel = Setup::embedded(&[], "").start();
    for file in ["jwt.secret", "instance.key"] {
        let path = kernel.setup.path("data").join(file);
        if path.exists() {
            let mode = std::fs::metadata(path).expect("there").permissions().mode();
            assert_eq!(mode & 0o077, 0, "{file}");
        }
    }
}
