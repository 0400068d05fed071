//! Compiling what strangers wrote: in a process of its own, which is stopped where it takes too much, and nobody notices.

use std::process::{Command, Stdio};
use std::time::Instant;

use crate::kernel::variant::{component, encoded, packed};
use crate::kernel::{Answer, Kernel, Setup, wait_until};

const CONFIG: &str = "[plugins.test-http.grant]\nhttp = {}\n";

/// Nobody compiled it before: the tests share what is compiled.
fn manifest(id: &str) -> String {
    let stamp = uuid::Uuid::new_v4();
    format!("id = \"{id}\"\nversion = \"0.1.0\"\ndescription = \"{stamp}\"\nlicense = \"MIT\"\n")
}

/// A component with a module of so many functions, each of which adds 1 to a number so often.
fn adding(functions: usize, times: usize) -> Vec<u8> {
    let body = [&[1, 1, 0x7f][..], &[0x20, 0, 0x41, 1, 0x6a, 0x21, 0].repeat(times), &[0x0b]].concat();
    let body = [&encoded(body.len())[..], &body].concat();
    let section = |id: u8, content: &[u8]| [&[id][..], &encoded(content.len()), content].concat();
    let each = |one: &[u8]| [encoded(functions), one.repeat(functions)].concat();
    let sections = [section(1, &[1, 0x60, 0, 0]), section(3, &each(&[0])), section(10, &each(&body))].concat();
    let module = [b"\0asm\x01\0\0\0", &sections[..]].concat();
    component(&section(1, &module), &manifest("adding"))
}

fn install(kernel: &Kernel, file: &[u8]) -> Answer {
    kernel.operate("POST", "plugins", file)
}

#[track_caller]
fn refuses(kernel: &Kernel, file: &[u8], reason: &str) {
    let answer = install(kernel, file);
    answer.refuses(400, "plugin.refused");
    assert!(answer.text().contains(reason), "{}", answer.text());
    assert_eq!(kernel.get("/test/http/echo").status, 200, "the others are served");
    assert!(!kernel.operate("GET", "plugins", b"").text().contains("adding"), "nothing of it is kept");
    let left = std::fs::read_dir(kernel.setup.path("data/compiled")).expect("a folder").flatten();
    let left: Vec<_> = left.filter(|file| file.file_name().to_string_lossy().starts_with('.')).collect();
    assert_eq!(left.len(), 0, "{left:?}");
}

/// A kernel that has compiled nothing yet, with these limits.
fn kernel(limits: &str) -> Kernel {
    let setup = Setup::new(&["http"], &format!("[host]\n{limits}\n{CONFIG}"));
    std::fs::remove_file(setup.path("data/compiled")).expect("a link");
    setup.start()
}

#[test]
fn what_takes_too_much_to_compile_is_refused_and_the_others_are_served() {
    // One function as large as they can be: 7 MB of it are 770 MiB in the compiler.
    let memory = kernel("compile_memory = \"128MiB\"");
    refuses(&memory, &adding(1, 1_000_000), "takes more than 128.0 MiB of memory");
    let time = kernel("compile_time = \"1s\"");
    let start = Instant::now();
    refuses(&time, &adding(200, 20_000), "takes more than 1s of a processor's time");
    assert!(start.elapsed().as_secs() < 30);
}

#[test]
fn what_is_not_valid_is_refused_with_the_compilers_reason() {
    let module = [b"\0asm\x01\0\0\0", &[3, 2, 1, 7][..]].concat();
    let file = component(&[&[1][..], &encoded(module.len()), &module].concat(), &manifest("adding"));
    refuses(&kernel(""), &file, "unknown type 7");
}

#[test]
fn an_ordinary_plugin_is_compiled_aside_and_runs() {
    let kernel = kernel("");
    let more = "[[route]]\nname = \"main\"\npath = \"/{what}\"\nmounts = [\"/aside\"]\n[want.http]\n";
    let file = packed("http", &format!("{}{more}", manifest("aside")));
    let asked = install(&kernel, &file).json();
    let seal = asked["details"]["seal"].as_str().expect("a seal").to_owned();
    kernel.operate("POST", &format!("plugins?approve={seal}"), &file).ok();
    assert_eq!(kernel.get("/aside/echo").status, 200);
    kernel.wait_for_log("compiled in a process of its own");
    let setup = kernel.stop();
    let kernel = setup.start();
    assert_eq!(kernel.get("/aside/echo").status, 200);
    assert!(!kernel.log.lock().contains("compiled in a process of its own"), "once is enough");
}

#[test]
fn the_process_has_no_more_than_it_was_given() {
    let mut process = crate::kernel::basalt();
    process.args(["compile", "--memory", "300000000", "--seconds", "7"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut process = process.spawn().expect("started");
    let limits = format!("/proc/{}/limits", process.id());
    let is_set = |name: &str, soft: &str, hard: &str| {
        let text = std::fs::read_to_string(&limits).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().take(2).eq([soft, hard])
    };
    for (name, soft, hard) in [
        ("Max cpu time", "7", "8"),
        ("Max data size", "300000000", "300000000"),
        ("Max core file size", "0", "0"),
        ("Max open files", "32", "32"),
        ("Max file size", "536870912", "536870912"),
    ] {
        wait_until(&format!("{name} is set"), || is_set(name, soft, hard));
    }
    process.kill().expect("ended");
    process.wait().expect("ended");
}

/// Half a file, or a kernel that is gone: it ends.
#[test]
fn the_process_ends_with_its_input() {
    let mut command: Command = crate::kernel::basalt();
    let output =
        command.args(["compile", "--memory", "2000000000", "--seconds", "7"]).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(3), "nothing is no component");
    assert!(output.stdout.is_empty() && !output.stderr.is_empty());
}
