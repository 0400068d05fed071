//! Real clients against the product's plugins: the scripts of `kernel/tests/clients`, run by the Node.js that came with them.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::kernel::{Kernel, Setup, given, wait_until, without_plugins};

/// The product's plugins, with what the preset grants them.
pub const GRANT: &str = "[plugins.rest]\ntrusted = true\n\
    grant = { http = {}, sql = { modes = [\"caller\"] }, schema = { schemas = [\"*\"] }, log = {}, clock = {}, settings = {} }\n\
    [plugins.auth]\ngrant = { http = {}, log = {}, settings = {}, \
    identity = { scopes = [\"password\", \"session\", \"factor\", \"token\", \"admin\"] } }\n";

/// A kernel with these plugins and a table whose rows belong to whoever made them.
pub fn start(more: &str) -> Kernel {
    let kernel = Setup::new(&["rest", "auth"], &format!("{GRANT}{more}")).start();
    kernel.sql(
        "create table notes (id bigint generated always as identity primary key, body text not null,
           owner uuid not null default auth.uid());
         alter table notes enable row level security;
         grant select, insert, update, delete on notes to authenticated;
         create policy own on notes to authenticated using (owner = (select auth.uid()))",
    );
    wait_until("the table is known", || kernel.get("/rest/v1/notes").status != 404);
    kernel
}

/// A folder in which scripts find the clients that the lock file names.
fn workshop() -> TempDir {
    let folder = tempfile::Builder::new().prefix("basalt-clients").tempdir().expect("a folder");
    let clients = PathBuf::from(given("BASALT_TEST_CLIENTS"));
    std::os::unix::fs::symlink(clients.join("node_modules"), folder.path().join("node_modules")).expect("a link");
    // The scripts are copied, because a module looks for others from where it really lies.
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients"), folder.path());
    folder
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).expect("a folder");
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

fn node(folder: &Path) -> PathBuf {
    let packages = std::fs::read_dir(folder.join("node_modules")).expect("packages").flatten();
    let found = packages.map(|package| package.path().join("bin/node")).find(|program| program.is_file());
    // The packages have one for Linux; elsewhere it has to be there, of version 22 or later.
    found.unwrap_or_else(|| PathBuf::from("node"))
}

/// Runs Node.js in a workshop that also has these files, with the kernel's address and keys; gives what it printed.
pub fn run_node(kernel: &Kernel, arguments: &[&str], files: &[(&str, &str)]) -> String {
    let folder = workshop();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    let key = |role: &str| kernel.bearer(role, "")["Bearer ".len()..].to_owned();
    let mut command = Command::new(node(folder.path()));
    command.current_dir(folder.path()).args(arguments).env("BASALT_URL", &kernel.url);
    command.env("BASALT_ANON_KEY", key("anon")).env("BASALT_SERVICE_KEY", key("service_role"));
    let output = command.output().expect("Node.js runs");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {printed}\n{said}\n{}", kernel.log.lock());
    printed
}

/// Runs test scripts; each has to have run some tests.
fn check(kernel: &Kernel, scripts: &[&str]) {
    let printed =
        run_node(kernel, &[&["--test", "--test-concurrency=1", "--test-reporter=tap"], scripts].concat(), &[]);
    let passed = printed.lines().find_map(|line| line.strip_prefix("# pass ")?.parse::<usize>().ok());
    assert!(passed.is_some_and(|passed| passed >= scripts.len()), "{printed}");
}

#[test]
fn supabase_js_signs_people_up_and_in_unchanged() {
    if without_plugins() {
        return;
    }
    let kernel = start("[auth]\nanonymous_users = true\n");
    check(&kernel, &["auth/session.mjs", "auth/table.mjs", "auth/factor.mjs", "auth/admin.mjs", "auth/closed.mjs"]);
}

#[test]
fn supabase_js_checks_tokens_with_the_published_keys() {
    if without_plugins() {
        return;
    }
    let kernel = start("");
    let output = kernel.setup.run(&["key", "rotate", "--algorithm", "ES256", "--now"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let keys = || kernel.get("/auth/v1/.well-known/jwks.json").ok()["keys"].as_array().map_or(0, Vec::len);
    wait_until("the key is published", || keys() == 1);
    check(&kernel, &["auth/key.mjs"]);
}

#[test]
fn supabase_js_learns_nothing_of_addresses_that_are_not_confirmed() {
    if without_plugins() {
        return;
    }
    check(&start("[auth]\nconfirm_email = true\n"), &["auth/confirm.mjs"]);
}
