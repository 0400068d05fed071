//! docs/auth-flows.md, followed to the letter: by curl, and by an app.

use std::path::Path;

use crate::client::run_node;
use crate::kernel::{Setup, wait_until, without_plugins};
use crate::readme::{lines, shell};

/// The blocks of a language behind each marker, with what stands under each.
fn steps(language: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/auth-flows.md");
    let text = std::fs::read_to_string(path).expect("the page");
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1);
    let step = |part: &str| {
        let (script, rest) = part.split_once("```")?;
        let printed = rest.split_once("```text\n")?.1.split_once("```")?.0;
        Some((script.to_owned(), printed.to_owned()))
    };
    blocks.filter_map(step).collect()
}

#[test]
fn the_page_about_signing_in_does_what_it_says() {
    if without_plugins() {
        return;
    }
    let kernel = Setup::product("").without("BASALT_JWT_SECRET").start();
    let (steps, apps) = (steps("sh"), self::steps("js"));
    assert_eq!((steps.len(), apps.len()), (4, 1));
    // One shell for all: later blocks use what earlier ones kept. Each prints behind a mark of its own.
    let wait = format!(
        "until [ $(curl -s -o /dev/null -w '%{{http_code}}' {}/rest/v1/notes) != 404 ]; do :; done",
        kernel.url
    );
    let scripts = steps.iter().map(|(script, _)| script.as_str()).collect::<Vec<_>>().join("\necho; echo =====\n");
    let scripts = scripts.replacen("=====\n", &format!("=====\n{wait}\n"), 1);
    let printed = shell(&kernel, &scripts);
    let printed: Vec<_> = printed.split("=====\n").collect();
    for (at, (script, expected)) in steps.iter().enumerate() {
        assert_eq!(lines(printed[at]), lines(expected), "{script}");
    }
    let (script, expected) = &apps[0];
    let script = script.replace("http://127.0.0.1:8080", &kernel.url).replace("SUPABASE_KEY", "BASALT_ANON_KEY");
    wait_until("the table is known", || kernel.get("/rest/v1/notes").status != 404);
    assert_eq!(lines(&run_node(&kernel, &["app.mjs"], &[("app.mjs", &script)])), lines(expected));
}
