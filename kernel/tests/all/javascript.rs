//! Plugins in JavaScript, as an author makes them: with this binary, Node, and what npm brings. What the language and each capability
//! give is asked inside the kernel, by the plugins in `javascript/`.

mod project;

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::fetch::Outside;
use crate::kernel::{Kernel, Setup, given, wait_until};
use project::{Project, first, manifest, package, plugin, run, said};

const ROUTE: &str = "[[route]]\nname = \"main\"\npath = \"/{*rest}\"\nmounts = [\"/js\"]\n\n[want.http]\n";

#[test]
fn a_new_project_passes_its_test_is_built_and_answers() {
    let tested = plugin(&["test"], first());
    assert!(tested.contains("ok 1 - greets by name"), "{tested}");
    let file = first().join("my-js.wasm");
    assert!(plugin(&["build", "--out", file.to_str().expect("text")], first()).contains("wants: http, log, settings"));
    let kernel = Setup::new(&[], "").start();
    let added = kernel.setup.run(&["plugin", "add", "--yes", file.to_str().expect("text")]);
    assert!(added.status.success(), "{}", said(&added));
    let answer = kernel.get("/my-js/Ada");
    assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"message":"Hello, Ada!"}"#));
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    kernel.wait_for_log("greeting Ada");
}

#[test]
fn the_language_gives_what_the_manual_lists() {
    let wants = "[want.log]\n[want.clock]\n[want.random]\n";
    let route = ROUTE.replace("/{*rest}", "/");
    let project = Project::new(&manifest("engine", &format!("{route}{wants}")), include_str!("javascript/engine.js"));
    let kernel = Setup::new(&[], "").start();
    project.install(&kernel);
    let answer = kernel.get("/js/").json();
    assert_eq!(answer["failed"], json!({}));
    assert!(answer["checked"].as_u64() > Some(30), "{answer}");
    kernel.wait_for_log(r#"a line {\"of\":[\"the log\"]} 7 null"#);
}

#[test]
fn what_goes_wrong_is_said_where_the_author_looks() {
    let project = Project::new(&manifest("wrong", &format!("{ROUTE}[want.log]\n")), "");
    // What the build is told.
    for (source, expected) in [
        ("export default router({", "src/plugin.js:"),
        ("import fs from 'node:fs'; export default () => fs", "Could not resolve \"node:fs\""),
        ("\n\nfoo.bar();\nexport default () => 1", "foo is not defined\n    at src/plugin.js:3"),
        ("Date.now();\nexport default () => 1", "Date.now() needs [want.clock] in plugin.toml\n    at src/plugin.js:1"),
        ("export default 7", "`export default` has to be a handler"),
        ("import { sql } from '@basalt/plugin'; export default () => sql`select 1`", "[want.sql]"),
        (
            "import { settings } from '@basalt/plugin'; settings.get('a'); export default () => 1",
            "`get` is asked of the host outside of all functions",
        ),
    ] {
        project.write("src/plugin.js", source);
        let output = project.build();
        assert!(!output.status.success() && said(&output).contains(expected), "{source}: {}", said(&output));
    }
    // What the check is told, and what fails in a test of the author's.
    let typed = Project::new(
        &manifest("typed", ROUTE),
        "import { log } from '@basalt/plugin';\nexport default () => log.inform('x');\n",
    );
    let output = run(&["build"], typed.folder.path());
    assert!(
        !output.status.success() && said(&output).contains("Property 'inform' does not exist"),
        "{}",
        said(&output)
    );
    typed.write("src/plugin.js", "export default () => 1;\n");
    typed.write(
        "test/plugin.test.js",
        "import { test } from 'node:test';\ntest('fails', () => { throw new Error('as it should') });\n",
    );
    let output = run(&["test"], typed.folder.path());
    assert!(!output.status.success() && said(&output).contains("as it should"), "{}", said(&output));
}

#[test]
fn what_cannot_be_written_in_it_is_refused_before_anything_is_built() {
    let filter = "[want.http]\nfilter = true\n[filter]\nphases = [\"before\"]\nmounts = [\"/\"]\norder = 1\non_failure = \"skip\"\n";
    for (more, expected) in [(filter, "a filter cannot be written in JavaScript yet"), ("", "nothing would ever call")]
    {
        let output = Project::new(&manifest("idle", more), "export default () => 1").build();
        assert!(!output.status.success() && said(&output).contains(expected), "{}", said(&output));
    }
}

#[test]
fn typescript_is_checked_and_built() {
    let project = Project::new(&manifest("typed", ROUTE), "");
    project.write("package.json", &package(|package| package["main"] = json!("src/plugin.ts")));
    let source = "import { type Handler, router } from '@basalt/plugin';\n\
                  const double: Handler = async (request) => 2 * (await request.json<number>());\n\
                  export default router({ 'POST /double': double satisfies Handler });\n";
    project.write("src/plugin.ts", &source.replace("2 *", "'2' *"));
    let output = run(&["build"], project.folder.path());
    assert!(!output.status.success() && said(&output).contains("src/plugin.ts(2"), "{}", said(&output));
    project.write("src/plugin.ts", source);
    let file = project.path("plugin.wasm");
    plugin(&["build", "--out", file.to_str().expect("text")], project.folder.path());
    let kernel = Setup::new(&[], "").start();
    let added = kernel.setup.run(&["plugin", "add", "--yes", file.to_str().expect("text")]);
    assert!(added.status.success(), "{}", said(&added));
    assert_eq!(kernel.post("/js/double", &json!(21)).ok(), 42);
}

/// A kernel with a plugin that uses every capability, and may ask this port of this machine.
fn capable(port: u16) -> Kernel {
    let more = format!(
        r#"{ROUTE}
        [want.log]
        [want.clock]
        [want.random]
        [want.settings]
        [want.secret]
        names = ["key", "other"]
        [want.schema]
        schemas = ["public"]
        [want.sql]
        modes = ["own"]
        [want.dispatch]
        routes = ["POST /js/json"]
        [want.fetch]
        hosts = ["http://127.0.0.1:{port}"]

        [[setting]]
        name = "greeting"
        description = "What is said"
        default = "hello"
        "#
    );
    let project = Project::new(&manifest("capable", &more), include_str!("javascript/capability.js"));
    let table = "create table note (text text, tags text[], data jsonb, at timestamptz);\n";
    project.write("migrations/0001_note.sql", table);
    let kernel = Setup::new(&[], "").start();
    kernel.setup.run_with(&["secret", "set", "key"], "hidden");
    project.install(&kernel);
    kernel
}

#[test]
fn requests_are_read_and_answered() {
    let kernel = capable(1);
    assert_eq!(kernel.get("/js/calls").json(), 1);
    let asked = kernel.ask("GET", "/js/request/a%20b?q=%C3%A4&q=2", &[("x-one", "1")], b"");
    let expected = json!({
        "name": "a b",
        "params": { "rest": "request/a b" },
        "query": "ä",
        "header": ["1", "1", false],
        "rest": ["GET", "main", "/js/request/a%20b", "/js", "anon", false, 36],
    });
    assert_eq!(asked.ok(), expected);
    let made = kernel.post("/js/json", &json!([1, {}]));
    assert_eq!((made.status, made.header("x-made"), made.json()), (201, "yes", json!({ "got": [1, {}] })));
    kernel.ask("POST", "/js/json", &[], b"{").refuses(400, "body.invalid");
    for (path, sent, expected) in [("text", "äö", "ÄÖ"), ("bytes", "abc", "cba"), ("echo", "ä", "<ä>")] {
        assert_eq!(kernel.ask("POST", &format!("/js/{path}"), &[], sent.as_bytes()).text(), expected, "{path}");
    }
    assert_eq!(kernel.get("/js/nothing").status, 204);
    assert_eq!(kernel.ask("HEAD", "/js/nothing", &[], b"").status, 204);
    assert_eq!(kernel.ask("DELETE", "/js/nothing", &[], b"").status, 205);
    assert_eq!(kernel.get("/js/files/a/b%2Fc").text(), "a/b/c");
    assert_eq!(kernel.get("/js/value").json(), "a value");
    kernel.get("/js/absent").refuses(404, "http.not-found");
    kernel.ask("PUT", "/js/json", &[], b"").refuses(405, "http.method-not-allowed");
    assert_eq!(kernel.get("/js/calls").json(), 2, "it leaves nothing of the host's behind");
}

#[test]
fn what_a_handler_throws_is_a_problem_or_arrives_in_the_log() {
    let kernel = capable(1);
    assert_eq!(kernel.get("/js/calls").json(), 1);
    let problem = kernel.get("/js/problem");
    problem.refuses(500, "order.sold-out");
    assert_eq!(
        (&problem.json()["details"], &problem.json()["hint"]),
        (&json!({ "left": 0 }), &json!("come back tomorrow"))
    );
    for (path, line) in [
        ("stumble", "TypeError: cannot read property 'length' of undefined at stumble (src/plugin.js:7)"),
        ("cause", "Error: outer at GET /cause (src/plugin.js:"),
        ("cause", "caused by TypeError: inner"),
        ("thrown", "thrown: just text"),
        ("never", "The handler waits for a promise that nobody can fulfil any more"),
        ("wrong", "TypeError: BigInt"),
    ] {
        let answer = kernel.get(&format!("/js/{path}"));
        answer.refuses(500, "plugin.failed");
        assert!(!answer.text().contains("src/plugin.js"), "the caller learns nothing: {}", answer.text());
        kernel.wait_for_log(line);
    }
    assert_eq!(kernel.get("/js/forgotten").text(), "answered");
    kernel.wait_for_log("A promise failed that nobody waits for: Error: forgotten");
    assert_eq!(kernel.get("/js/calls").json(), 2, "what was thrown was caught: it is the same instance");
}

#[test]
fn statements_run_as_they_are_tagged() {
    let kernel = capable(1);
    assert_eq!(kernel.get("/js/calls").json(), 1);
    let answer = kernel.get("/js/sql").ok();
    let first = json!({ "text": "it's", "tags": r#"{a,"b\"\\",NULL}"#, "data": { "deep": [1] }, "at": "1970-01-01 00:00:00+00" });
    assert_eq!(answer["first"], first);
    let many = json!({ "small": 1, "large": "2", "exact": "1.50", "half": 0.5, "yes": true, "nothing": null, "json": { "a": 1 }, "bytes": "\\x00ff" });
    assert_eq!((&answer["many"][0], &answer["count"], &answer["none"]), (&many, &json!(2), &json!([])));
    assert_eq!(kernel.get("/js/sql/body").ok(), json!([1, 2, 3]));
    let answer = kernel.get("/js/sql/failures").ok();
    for (name, code) in
        [("readOnly", "25006"), ("syntax", "42601"), ("notGranted", "sql.not-granted"), ("undone", "note.no")]
    {
        assert_eq!((&answer[name]["code"], &answer[name]["isProblem"]), (&json!(code), &json!(true)), "{answer}");
    }
    assert_eq!(answer["readOnly"]["hint"], "sql`…` only reads; sql.write`…` writes");
    assert_eq!((&answer["done"], &answer["left"]), (&json!(3), &json!([{ "text": "done" }])));
    assert_eq!(kernel.get("/js/many/2500").json(), 2500);
    assert_eq!(kernel.get("/js/calls").json(), 2, "it leaves nothing of the host's behind");
}

#[test]
fn every_other_capability_is_reached() {
    let server = Outside::start(|_, stream| {
        use std::io::Write as _;
        stream.write_all(b"HTTP/1.1 418 Teapot\r\ncontent-type: text/x\r\ncontent-length: 4\r\n\r\ndeep").is_ok()
    });
    let kernel = capable(server.port);
    let rest = kernel.get("/js/rest").ok();
    for (name, expected) in [("setting", json!("hello")), ("secret", json!("hidden")), ("schemas", json!(["public"]))] {
        assert_eq!(rest[name], expected, "{rest}");
    }
    assert_eq!(
        (&rest["missing"]["code"], &rest["unset"]["code"]),
        (&json!("settings.missing"), &json!("secret.unset"))
    );
    assert_eq!((&rest["relation"], &rest["clock"], &rest["random"]), (&json!(null), &json!(true), &json!([3, 36])));
    assert_eq!(kernel.get("/js/log").status, 204);
    kernel.wait_for_log("an error Error: inside at ");
    let answer = kernel.get("/js/dispatch").ok();
    assert_eq!(
        (&answer["status"], &answer["made"], &answer["json"]),
        (&json!(201), &json!("yes"), &json!({ "got": [1] }))
    );
    assert_eq!(
        (&answer["refused"]["code"], &answer["odd"]["code"]),
        (&json!("dispatch.not-granted"), &json!("dispatch.invalid"))
    );
    let answer = kernel.get(&format!("/js/fetch?url={}", server.url("/x"))).ok();
    let got = ["status", "ok", "type", "text"].map(|name| answer[name].clone());
    assert_eq!(got, [json!(418), json!(false), json!("text/x"), json!("deep")]);
    assert_eq!(answer["refused"]["code"], "fetch.not-granted");
    assert!(server.seen()[0].contains("x-sent: 1") && server.seen()[0].ends_with("sent"), "{:?}", server.seen());
    let handed_on = kernel.get(&format!("/js/hand-on?url={}", server.url("/y")));
    assert_eq!((handed_on.status, handed_on.text().as_str()), (418, "deep"));
}

#[test]
fn people_sign_in_by_a_plugin_in_javascript() {
    let wants = "[want.identity]\nscopes = [\"password\", \"session\"]\n";
    let project = Project::new(&manifest("login", &format!("{ROUTE}{wants}")), include_str!("javascript/login.js"));
    let kernel = Setup::new(&[], "").start();
    project.install(&kernel);
    let ann = json!({ "email": "ann@example.com", "password": "correct horse battery" });
    assert_eq!(kernel.post("/js/signup", &ann).ok()["email"], "ann@example.com");
    let signed = kernel.post("/js/login", &ann).ok();
    assert_eq!(signed["method"], "password");
    let bearer = format!("Bearer {}", signed["session"]["access_token"].as_str().expect("a token"));
    let as_ann = |method, path| kernel.ask(method, path, &[("authorization", &bearer)], b"");
    assert_eq!(as_ann("GET", "/js/me").ok()["role"], "authenticated");
    assert_eq!(as_ann("GET", "/js/sessions").ok().as_array().map(Vec::len), Some(2));
    let wrong = json!({ "email": "ann@example.com", "password": "another horse battery" });
    assert_eq!(kernel.post("/js/login", &wrong).json()["code"], "identity.wrong-credentials");
    assert_eq!(as_ann("POST", "/js/logout").status, 204);
    assert_eq!(as_ann("GET", "/js/me").status, 401);
}

#[test]
fn the_example_passes_its_tests_and_answers() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk-plugin/examples/links-js");
    let read = |name: &str| std::fs::read_to_string(example.join(name)).expect("read");
    let project = Project::new(&read("plugin.toml"), &read("src/plugin.js"));
    for name in ["src/code.js", "src/address.js", "test/plugin.test.js", "migrations/0001_link.sql"] {
        project.write(name, &read(name));
    }
    plugin(&["test"], project.folder.path());
    let kernel = Setup::new(&[], "[plugins.links-js.settings]\nlength = 9\n").start();
    project.install(&kernel);
    let made = kernel.post("/links-js", &json!({ "url": "https://example.com/a?b=c" }));
    let code = made.ok()["code"].as_str().expect("a code").to_owned();
    assert_eq!((made.status, made.header("location"), code.len()), (201, format!("/to-js/{code}").as_str(), 9));
    for _ in 0..2 {
        let visit = kernel.get(&format!("/to-js/{code}"));
        assert_eq!((visit.status, visit.header("location")), (302, "https://example.com/a?b=c"));
    }
    assert_eq!(kernel.get(&format!("/links-js/{code}")).ok()["visits"], 2);
    kernel.get("/to-js/absent").refuses(404, "http.not-found");
    kernel.get("/links-js/absent").refuses(404, "http.not-found");
    assert_eq!(kernel.post("/links-js", &json!({ "url": "javascript:alert(1)" })).json()["code"], "request.invalid");
}

#[test]
fn a_change_is_served_while_it_is_developed() {
    let project = Project::new(&manifest("dev", ROUTE), "export default () => 'one';\n");
    let kernel = Setup::new(&[], "").start();
    let mut dev = kernel.setup.command();
    dev.args(["plugin", "dev", "--yes"]).arg(project.folder.path());
    let mut dev = Running(dev.stdout(Stdio::null()).spawn().expect("started"));
    let says = |text: &str| kernel.get("/js/x").text() == text;
    wait_until("the first is served", || says("one"));
    project.write("src/plugin.js", "export default () => {;\n");
    project.write("src/plugin.js", "import { two } from './two.js';\nexport default () => two;\n");
    project.write("src/two.js", "export const two = 'two';\n");
    wait_until("the second is served", || says("two"));
    assert!(dev.0.try_wait().expect("asked").is_none(), "it waits for more");
}

/// A process that ends with the value.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_types_are_those_of_the_contract() {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk-plugin/js");
    let folder = tempfile::tempdir().expect("a folder");
    let mut node = Command::new("node");
    node.arg(sdk.join("build/types.js")).arg(given("BASALT_TEST_JCO")).arg(folder.path());
    assert!(node.status().expect("run").success());
    let same = Command::new("diff").arg("-r").arg(sdk.join("types/contract")).arg(folder.path()).output().expect("run");
    assert!(same.status.success(), "`cargo xtask bless` makes them anew:\n{}", said(&same));
}
