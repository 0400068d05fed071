//! Attacks by asking: plugins that call plugins without an end, in depth or in width.

use super::attack::{Attack, How};
use super::beside::Good;
use super::{Group, Scene};
use crate::kernel::Answer;

const GOOD: &[Good] = &[
    Good { path: "/test/http/echo", bob: false, body: "", says: "echo" },
    Good { path: "/test/dispatch/deep/1", bob: false, body: "", says: "bottom" },
];

/// The other one of two that ask each other.
const CIRCLE: &str = "[[route]]\nname = \"circle\"\npath = \"/circle\"\nmounts = [\"/test/circle\"]\n\
    [want.http]\n[want.dispatch]\nroutes = [\"GET /test/dispatch/circle\"]\n";

pub const GROUP: Group = Group {
    title: "Plugins that ask plugins",
    who: "Two plugins with `dispatch`, each granted routes of itself or of the other; the good requests go to another plugin, \
          and to one of the two, which asks itself.",
    plugins: &["http", "dispatch"],
    variants: &[("dispatch", "circle", CIRCLE)],
    config: "[plugins.test-http.grant]\nhttp = {}\n[plugins.test-dispatch]\ngrant.http = {}\n\
             grant.dispatch.routes = [\"* /test/{*rest}\", \"GET /nothing\"]\n\
             limits = { deadline = \"5s\", breaker_failures = 0 }\n\
             [plugins.circle]\ngrant.http = {}\ngrant.dispatch.routes = [\"GET /test/dispatch/circle\"]\n\
             limits = { deadline = \"5s\", breaker_failures = 0 }\n",
    prepare: "",
    attacks: &[
        Attack::path("a plugin that asks itself without end", "dispatch/deep/4000000000", "dispatch.too-deep"),
        Attack::path("two plugins that ask each other without end", "dispatch/circle", "dispatch.too-deep"),
        Attack::path("the same, begun at the other", "circle/circle", "dispatch.too-deep"),
        Attack::path(
            "a plugin that asks itself 50 times, and each of those 50 times",
            "dispatch/fan/2",
            "dispatch.too-many",
        ),
        Attack::path("the same, four levels deep: six million requests", "dispatch/fan/4", "dispatch.too-many"),
        Attack::path("the same, deeper", "dispatch/fan/5", "dispatch.too-deep"),
    ],
    ask,
    good: GOOD,
    settings: |_| Default::default(),
};

fn ask(scene: &Scene, how: &How) -> Answer {
    let How::Path(path) = how else { panic!("plugins are asked by path") };
    scene.kernel.get(&format!("/test/{path}"))
}
