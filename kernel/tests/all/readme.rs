//! The README, followed to the letter: each `sh` block prints what stands under it.

use std::path::Path;
use std::process::Command;

use crate::kernel::{Kernel, Setup, given, wait_until, without_plugins};

/// The `sh` blocks after the marker, each with what it prints.
fn steps() -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = std::fs::read_to_string(path).expect("a README");
    let tested = text.split_once("<!-- tested by").expect("the marker").1;
    let block = |part: &str, language: &str| {
        part.split_once(&format!("```{language}\n"))?.1.split_once("```").map(|(block, _)| block.to_owned())
    };
    let parts = tested.split("```sh\n").skip(1);
    parts.filter_map(|part| Some((part.split_once("```")?.0.to_owned(), block(part, "text")?))).collect()
}

/// One shell for all blocks would hide a block that forgot a variable; so each gets those that stand before it.
fn run(kernel: &Kernel, before: &str, script: &str) -> String {
    shell(kernel, &format!("{before}\n{script}"))
}

/// What a script of bash prints, to which the kernel is where pages say that it is.
pub fn shell(kernel: &Kernel, script: &str) -> String {
    let binaries = Path::new(env!("CARGO_BIN_EXE_basalt")).parent().expect("a folder");
    let script = script.replace("http://127.0.0.1:8080", &kernel.url);
    let mut shell = Command::new("bash");
    shell.current_dir(kernel.setup.path("")).args(["-euc", &script]).env("BASALT_DATA_DIR", kernel.setup.path("data"));
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", binaries.display());
    let output = shell.env("PATH", path).output().expect("a shell");
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

pub fn lines(text: &str) -> Vec<&str> {
    text.trim().lines().map(str::trim_end).collect()
}

#[test]
fn the_first_minute_goes_as_it_is_written() {
    if without_plugins() {
        return;
    }
    let steps = steps();
    assert_eq!(steps.len(), 4, "table, refusal, rows, switched off");
    let preset = std::fs::read_to_string(Path::new(&given("BASALT_BUNDLE")).join("bundle.toml")).expect("the preset");
    let mut kernel = Setup::product("").without("BASALT_JWT_SECRET").start();
    assert!(preset.contains("[plugins.rest]"));
    let variables = "API=http://127.0.0.1:8080/rest/v1";
    for (at, (script, printed)) in steps.iter().enumerate() {
        if at == 3 {
            kernel = kernel.stop().env("BASALT_PLUGINS__REST__ENABLED", "false").start();
        }
        assert_eq!(lines(&run(&kernel, variables, script)), lines(printed), "{script}");
        wait_until("the table is known", || at == 3 || kernel.get("/rest/v1/todo").status != 404);
    }
}
