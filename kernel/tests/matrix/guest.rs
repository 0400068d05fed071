//! Attacks of a plugin's code on the machine: time, computation, memory, handles, the log.

use super::attack::{Attack, How};
use super::beside::Good;
use super::{Group, Scene};
use crate::kernel::Answer;

const GOOD: &[Good] = &[
    Good { path: "/test/hostile/good", bob: false, body: "", says: "well" },
    Good { path: "/test/http/echo", bob: false, body: "", says: "echo" },
];

pub const COMPUTING: Group = Group {
    title: "A plugin's code",
    who: "A plugin with no capability but `http` and `log`, in calls of its own; the good requests go to another plugin and \
          to the same one.",
    plugins: &["http", "hostile"],
    variants: &[],
    config: "[plugins.test-http.grant]\nhttp = {}\n[plugins.test-hostile]\ngrant = { http = {}, log = {} }\n\
             limits = { fuel = 1_000_000_000_000, deadline = \"2s\", memory = \"32MiB\", \
             host_memory = \"32MiB\", response = \"8MiB\", breaker_failures = 0 }",
    prepare: "",
    attacks: &[
        Attack::path("endless loop, ended by the deadline", "loop", "plugin.timeout"),
        Attack::path("few instructions that take long", "fill", "plugin.timeout"),
        Attack::path("memory bomb", "memory", "plugin.out-of-memory"),
        Attack::path("memory bomb in the host: bodies", "bodies", "plugin.out-of-memory"),
        Attack::path("stack overflow", "stack", "plugin.stack-overflow"),
        Attack::path("trap", "trap", "plugin.trap"),
        Attack::path("panic in a loop", "panic*30", "plugin.trap"),
        Attack::path("response of 200 MB, made of what the host holds", "huge", "plugin.out-of-memory"),
        Attack::path("response over its limit", "long", "plugin.response-too-large"),
        Attack::path("forged handle", "forged", "plugin.trap"),
        Attack::path("stale handle", "stale", "plugin.trap"),
        Attack::path("a million handles", "handles", "plugin.trap"),
        Attack::answers("handle kept for the next call", "kept", "nothing", "the instance is not used again"),
    ],
    ask,
    good: GOOD,
    settings: |_| Default::default(),
};

pub const BURNING: Group = Group {
    title: "A plugin's code, with little fuel and much time",
    who: "The same, stopped by fuel rather than by the deadline.",
    config: "[plugins.test-http.grant]\nhttp = {}\n[plugins.test-hostile]\ngrant = { http = {}, log = {} }\n\
             limits = { fuel = 500_000_000, host_memory = \"32MiB\", breaker_failures = 0 }",
    attacks: &[
        Attack::path("endless loop, ended by its fuel", "loop", "plugin.out-of-fuel"),
        Attack::path("endless loop again and again", "loop*2", "plugin.out-of-fuel"),
        Attack::path("memory bomb in the host: one body of endless parts", "parts", "plugin.out-of-memory"),
        Attack::answers("a million host calls", "calls", "well", "they cost the plugin its own time"),
        Attack::answers("a million log lines", "shout", "well", "100 are written, the rest are counted and dropped"),
    ],
    ..COMPUTING
};

/// `panic*30` asks thirty times and gives the last answer.
fn ask(scene: &Scene, how: &How) -> Answer {
    let How::Path(path) = how else { panic!("a plugin's code is attacked with by path") };
    let (path, times) = path.split_once('*').unwrap_or((path, "1"));
    let times: usize = times.parse().expect("a number");
    let ask = || scene.kernel.get(&format!("/test/hostile/{path}"));
    (1..times).for_each(|_| drop(ask()));
    ask()
}
