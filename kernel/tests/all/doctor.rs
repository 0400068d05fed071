//! `basalt doctor`: every fault that it knows, brought about, found, and shown with the step that mends it.

use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::kernel::{Setup, wait_until};

/// What doctor found, as JSON, and whether it was content.
fn examine(setup: &Setup) -> (bool, Value) {
    let output = setup.run(&["doctor", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(output.status.success(), report["well"], "the exit code says the same: {report}");
    (output.status.success(), report)
}

fn findings<'a>(report: &'a Value, code: &str) -> Vec<&'a Value> {
    report["findings"].as_array().expect("a list").iter().filter(|finding| finding["code"] == code).collect()
}

/// Asserts that doctor finds this, and says how to mend it to machines and to people.
#[track_caller]
fn finds(setup: &Setup, verdict: &str, code: &str, mend: &str) {
    let (well, report) = examine(setup);
    let found = findings(&report, code);
    let hit = found.iter().find(|finding| finding["mend"].as_str().is_some_and(|text| text.contains(mend)));
    let hit = hit.unwrap_or_else(|| panic!("no {code} that is mended by {mend:?}: {report:#}"));
    assert_eq!(hit["verdict"], verdict, "{hit}");
    assert!(!(well && verdict == "fault"), "{report}");
    let text = String::from_utf8(setup.run(&["doctor"]).stdout).expect("text");
    assert!(text.contains(&format!("[{code}]")) && text.contains(mend), "{text}");
}

#[track_caller]
fn is_well(setup: &Setup) -> Value {
    let (well, report) = examine(setup);
    assert!(well, "{report:#}");
    report
}

/// The names of all files below a folder, and when they were written.
fn files(folder: &Path) -> Vec<(String, SystemTime)> {
    let mut found: Vec<_> = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
    found.sort();
    let state = |path: &Path| path.symlink_metadata().and_then(|metadata| metadata.modified()).expect("readable");
    let below = |path: &Path| if path.is_dir() && !path.is_symlink() { files(path) } else { Vec::new() };
    found.iter().flat_map(|path| [vec![(path.display().to_string(), state(path))], below(path)].concat()).collect()
}

#[test]
fn a_new_instance_is_well_and_stays_untouched() {
    for setup in [Setup::new(&[], ""), Setup::embedded(&[], "")] {
        let before = files(&setup.path("."));
        let report = is_well(&setup);
        assert_eq!(report["kernel"]["state"], "stopped");
        assert_eq!(files(&setup.path(".")), before, "doctor changes nothing");
    }
}

#[test]
fn a_running_kernel_is_no_fault() {
    let kernel = Setup::embedded(&[], "").start();
    let address = kernel.url.strip_prefix("http://").expect("an address").to_owned();
    let output = kernel.setup.command().args(["doctor", "--json"]).env("BASALT_SERVER__ADDRESS", &address).output();
    let report: Value = serde_json::from_slice(&output.expect("runs").stdout).expect("JSON");
    assert_eq!(report["well"], true, "{report:#}");
    assert_eq!(report["kernel"]["state"], "running");
    assert_eq!((&report["kernel"]["pid"], &report["kernel"]["address"]), (&kernel.pid().into(), &address.into()));
    let text = String::from_utf8(kernel.setup.run(&["doctor"]).stdout).expect("text");
    assert!(text.contains("a kernel is running") && text.contains("may make what the kernel needs"), "{text}");
    let setup = kernel.stop();
    let report = is_well(&setup);
    assert_eq!(report["kernel"]["state"], "stopped");
    assert!(report.to_string().contains("starts with the kernel"), "{report:#}");
}

#[test]
fn a_port_that_is_taken_is_found() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = taken.local_addr().expect("an address");
    let setup = Setup::new(&[], "").env("BASALT_SERVER__ADDRESS", &address.to_string());
    finds(&setup, "fault", "doctor.port-taken", &format!("sport = :{}", address.port()));
    finds(&setup, "fault", "doctor.port-taken", "BASALT_SERVER_ADDRESS=127.0.0.1:");
}

#[test]
fn a_data_directory_that_somebody_else_has_is_found() {
    let setup = Setup::new(&[], "");
    for name in ["kernel.lock", "lock"] {
        let lock = File::create(setup.path("data").join(name)).expect("a file");
        lock.lock().expect("locked");
        finds(&setup, "fault", "doctor.data-dir-locked", "fuser");
        drop(lock);
        is_well(&setup);
    }
}

#[test]
fn a_kernel_that_hangs_is_named() {
    let kernel = Setup::new(&[], "").start();
    kernel.signal("STOP");
    let pid = kernel.pid();
    finds(&kernel.setup, "fault", "doctor.data-dir-locked", &format!("kill {pid}"));
    kernel.signal("CONT");
}

#[test]
fn wrong_permissions_are_found() {
    let setup = Setup::new(&[], "").without("BASALT_JWT_SECRET");
    let data = setup.path("data");
    let allow = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).expect("changed");
    allow(&data, 0o755);
    finds(&setup, "warning", "doctor.permissions", &format!("chmod go-rw {}", data.display()));
    allow(&data, 0o770);
    finds(&setup, "fault", "doctor.permissions", &format!("chmod go-rw {}", data.display()));
    allow(&data, 0o700);
    let output = setup.run(&["key", "mint", "--role", "anon"]);
    assert!(output.status.success(), "makes the secret");
    let (_, report) = examine(&setup);
    assert!(findings(&report, "doctor.permissions").is_empty(), "{report:#}");
    let secret = data.join("jwt.secret");
    allow(&secret, 0o640);
    finds(&setup, "fault", "doctor.permissions", &format!("chmod 600 {}", secret.display()));
    let file = setup.path("basalt.toml").display().to_string();
    finds(&setup.env("BASALT_DATA_DIR", &file), "fault", "doctor.permissions", "BASALT_DATA_DIR");
}

#[test]
fn a_data_directory_that_cannot_be_made_is_found() {
    let setup = Setup::new(&[], "");
    let below_a_file = setup.path("basalt.toml").join("data").display().to_string();
    finds(&setup.env("BASALT_DATA_DIR", &below_a_file), "fault", "doctor.permissions", "install -d -m 700");
}

/// A server that says its version and no more.
fn server_of_version(version: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(|client| drop(greet(client, version))));
    format!("host=127.0.0.1 port={port} user=old dbname=old sslmode=disable")
}

fn greet(mut client: TcpStream, version: &str) -> std::io::Result<()> {
    let mut length = [0; 4];
    client.read_exact(&mut length)?;
    let mut startup = vec![0; u32::from_be_bytes(length) as usize - 4];
    client.read_exact(&mut startup)?;
    let message = |tag: u8, body: &[u8]| [&[tag], &(body.len() as u32 + 4).to_be_bytes()[..], body].concat();
    client.write_all(&message(b'R', &[0; 4]))?;
    client.write_all(&message(b'S', format!("server_version\0{version}\0").as_bytes()))?;
    client.write_all(&message(b'K', &[0; 8]))?;
    client.write_all(&message(b'Z', b"I"))?;
    // Until the client leaves.
    client.read_to_end(&mut Vec::new()).map(drop)
}

#[test]
fn a_postgres_that_is_too_old_is_found() {
    let setup = Setup::new(&[], "").env("DATABASE_URL", &server_of_version("13.9"));
    finds(&setup, "fault", "doctor.postgres-old", "pg_upgrade");
    let (_, report) = examine(&setup);
    assert!(report.to_string().contains("Postgres 13.9"), "{report:#}");
}

#[test]
fn a_postgres_that_cannot_be_reached_is_found() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("an address").port();
    let closed = format!("postgres://somebody:hunter2@127.0.0.1:{port}/shop");
    let setup = Setup::new(&[], "").env("DATABASE_URL", &closed);
    finds(&setup, "fault", "doctor.postgres-unreachable", &format!("127.0.0.1:{port}"));
    assert!(!examine(&setup).1.to_string().contains("hunter2"), "no password is printed");
    let setup = Setup::new(&[], "");
    let elsewhere = format!("{}_gone", setup.database());
    finds(&setup.env("DATABASE_URL", &elsewhere), "fault", "doctor.postgres-unreachable", "createdb");
}

#[test]
fn a_machine_without_a_postgres_server_is_told_what_to_install() {
    let setup = Setup::embedded(&[], "").env("BASALT_DATABASE__BIN_DIR", "/nonexistent");
    finds(&setup, "fault", "doctor.postgres-unreachable", "apt-get install postgresql");
}

#[test]
fn a_login_that_may_not_make_roles_is_found() {
    let setup = Setup::new(&[], "").with_login("");
    finds(&setup, "fault", "doctor.no-createrole", "createrole;");
    finds(&setup, "fault", "doctor.no-createrole", "grant create on database");
}

#[test]
fn the_sql_that_doctor_prints_is_enough_to_start() {
    let weak = Setup::new(&[], "").with_login("");
    let (_, report) = examine(&weak);
    let mend = findings(&report, "doctor.no-createrole")[0]["mend"].as_str().expect("a mending step").to_owned();
    let (_, sql) = mend.split_once(": ").expect("who runs it, and what");
    weak.sql_as_superuser(sql);
    is_well(&weak);
    assert_eq!(weak.start().get("/ready").status, 200);
}

#[test]
fn missing_roles_are_found_and_the_printed_command_makes_them() {
    let kernel = Setup::embedded(&[], "").start();
    kernel.sql("drop owned by anon; drop role anon");
    finds(&kernel.setup, "fault", "doctor.roles-missing", "basalt sql 'create role \"anon\"");
    let (_, report) = examine(&kernel.setup);
    let mend = findings(&report, "doctor.roles-missing")[0]["mend"].as_str().expect("a mending step").to_owned();
    kernel.sql(mend.split('\'').nth(1).expect("a quoted script"));
    is_well(&kernel.setup);
    let kernel = kernel.stop().start();
    assert_eq!(kernel.get("/ready").status, 200);
}

#[test]
fn the_clocks_are_compared() {
    let setup = Setup::new(&[], "");
    let report = is_well(&setup);
    let clock = report["findings"].as_array().expect("a list").iter().find(|finding| finding["check"] == "clock");
    assert_eq!(clock.expect("compared with the database")["verdict"], "ok");
    let note = File::create(setup.path("data/kernel.lock")).expect("a file");
    note.set_modified(SystemTime::now() + Duration::from_secs(3600)).expect("changed");
    finds(&setup, "fault", "doctor.clock-skew", "timedatectl");
}

#[test]
fn weak_and_missing_secrets_are_found() {
    let setup = Setup::new(&[], "").env("BASALT_JWT_SECRET", "short");
    finds(&setup, "fault", "doctor.secrets", "openssl rand");
    let copied = setup.env("BASALT_JWT_SECRET", "super-secret-jwt-token-with-at-least-32-characters-long");
    finds(&copied, "fault", "doctor.secrets", "openssl rand");
    let setup = Setup::new(&[], "").without("BASALT_JWT_SECRET");
    let key = setup.path("data/instance.key");
    fs::write(&key, "half").expect("written");
    fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("changed");
    finds(&setup, "fault", "doctor.secrets", &format!("rm {}", key.display()));
    finds(&setup, "warning", "doctor.secrets", "restore the file");
}

#[test]
fn a_lost_password_of_the_embedded_server_is_found() {
    let setup = Setup::embedded(&[], "").start().stop();
    fs::remove_file(setup.path("data/postgres.password")).expect("removed");
    finds(&setup, "fault", "doctor.secrets", "postgres --single");
}

#[test]
fn stale_compiled_code_is_found_and_the_printed_command_removes_only_that() {
    let setup = Setup::new(&["http"], "[plugins.test-http.grant]\nhttp = {}\n");
    let compiled = setup.path("data/compiled");
    fs::remove_file(&compiled).expect("a link");
    let setup = setup.start().stop();
    let fresh = files(&compiled);
    assert_eq!(fresh.len(), 1, "{fresh:?}");
    fs::write(compiled.join("0123-0000000000000000.cwasm"), "").expect("written");
    let leftover = File::create(compiled.join(".leftover")).expect("a file");
    leftover.set_modified(SystemTime::now() - Duration::from_secs(3600)).expect("changed");
    finds(&setup, "warning", "doctor.compiled-stale", "-delete");
    let (_, report) = examine(&setup);
    let found = findings(&report, "doctor.compiled-stale")[0];
    assert!(found["found"].as_str().is_some_and(|text| text.starts_with("1 file(s)")), "{found}");
    let mend = found["mend"].as_str().expect("a mending step").trim_matches('`');
    assert!(std::process::Command::new("sh").args(["-c", mend]).status().expect("runs").success());
    assert_eq!(files(&compiled), fresh);
    assert!(findings(&is_well(&setup), "doctor.compiled-stale").is_empty());
}

#[test]
fn an_embedded_server_that_died_under_its_kernel_is_found() {
    let kernel = Setup::embedded(&[], "").start();
    // Without its programs' data the server cannot come back.
    let data = kernel.setup.path("data/postgres").canonicalize().expect("there").join("data");
    let pid = fs::read_to_string(data.join("postmaster.pid")).expect("running");
    let away = data.with_extension("away");
    fs::rename(&data, &away).expect("moved");
    let pid = pid.lines().next().expect("a pid").to_owned();
    assert!(std::process::Command::new("kill").args(["-9", &pid]).status().expect("runs").success());
    wait_until("the kernel notices", || kernel.get("/ready").status == 503);
    finds(&kernel.setup, "fault", "doctor.postgres-unreachable", "postgres.log");
    fs::rename(&away, &data).expect("moved back");
}
