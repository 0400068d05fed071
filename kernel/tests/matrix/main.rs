//! The hostile matrix: every attack of a table, each while good requests go on beside it, each looked after for residue.
//!
//! The table of `docs/security-model.md` is written from the same list. It tests no feature: those have tests of their own.
//! A test binary of its own, because some attacks use up what a whole Postgres server shares, locks for example.

#![expect(unreachable_pub, reason = "a test binary has no callers: `pub` says what a module offers the others")]
#![allow(dead_code, reason = "the harness of the other tests offers more than these need")]

#[path = "../all/kernel.rs"]
mod kernel;

mod asking;
mod attack;
mod beside;
mod caller;
mod document;
mod grant;
mod guest;
mod own;
mod residue;
mod streaming;

use std::collections::BTreeSet;

use attack::{Attack, How};
use beside::Good;
use parking_lot::Mutex;
use residue::Residue;

use crate::kernel::{Answer, Kernel, Setup};

/// Attacks that share a kernel.
pub struct Group {
    /// A heading.
    pub title: &'static str,
    /// Who attacks, in a sentence.
    pub who: &'static str,
    /// The fixtures it runs with.
    pub plugins: &'static [&'static str],
    /// The same code again, as another plugin: a fixture, an id, what follows in its manifest.
    pub variants: &'static [(&'static str, &'static str, &'static str)],
    /// Their grants and limits.
    pub config: &'static str,
    /// What the admin prepares.
    pub prepare: &'static str,
    /// What is tried.
    pub attacks: &'static [Attack],
    /// How an attack is asked for.
    pub ask: fn(&Scene, &How) -> Answer,
    /// Who must be served meanwhile.
    pub good: &'static [Good],
    /// What connections are like to whoever uses them next.
    pub settings: fn(&Scene) -> BTreeSet<String>,
}

/// A kernel, and two of its users.
pub struct Scene {
    /// The kernel under attack.
    pub kernel: Kernel,
    /// Who attacks, as `Authorization`.
    pub ann: String,
    /// Who reads his rows meanwhile.
    pub bob: String,
}

/// Every attack.
pub const GROUPS: [&Group; 6] =
    [&guest::COMPUTING, &guest::BURNING, &streaming::GROUP, &asking::GROUP, &own::GROUP, &caller::GROUP];

/// At once, so that one attack alone is not what is survived.
const AT_ONCE: usize = 3;

/// One group at a time, so that none is measured beside the attacks of another.
static TURN: Mutex<()> = Mutex::new(());

/// Runs all attacks of a group; says everything that is wrong with any of them.
fn run(group: &Group) {
    let _turn = TURN.lock();
    let scene = set(group);
    let before = Residue::of(&scene, group);
    let faults = group.attacks.iter().filter_map(|attack| {
        let fault = attempt(&scene, group, attack, &before).err();
        fault.map(|fault| format!("{}: {fault}", attack.what))
    });
    let faults: Vec<_> = faults.collect();
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), group.attacks.len(), faults.join("\n"));
}

/// A kernel with connections and instances, so that having them counts as no residue.
fn set(group: &Group) -> Scene {
    let setup = Setup::new(group.plugins, group.config);
    for (fixture, id, manifest) in group.variants {
        setup.variant(fixture, id, manifest);
    }
    let kernel = setup.start();
    if !group.prepare.is_empty() {
        kernel.sql(group.prepare);
    }
    let [ann, bob] = ["ann", "bob"].map(|user| kernel.bearer("authenticated", user));
    let scene = Scene { kernel, ann, bob };
    for _ in 0..3 {
        beside::run(&scene, group.good, || ()).1.expect("good requests are answered in peace");
        (group.settings)(&scene);
    }
    scene
}

fn attempt(scene: &Scene, group: &Group, attack: &Attack, before: &Residue) -> Result<(), String> {
    let (answers, good) = beside::run(scene, group.good, || {
        std::thread::scope(|scope| {
            let ask = || scope.spawn(|| (group.ask)(scene, &attack.how));
            let asked: Vec<_> = (0..attack.at_once.min(AT_ONCE)).map(|_| ask()).collect();
            asked.into_iter().map(|asked| asked.join().expect("answered")).collect::<Vec<_>>()
        })
    });
    if !attack.mend.is_empty() {
        scene.kernel.sql(attack.mend);
    }
    good?;
    answers.iter().try_for_each(|answer| attack.gets.check(answer))?;
    before.compare(scene, group)
}

#[test]
fn plugins_that_compute_and_hoard_hurt_nobody_and_leave_nothing() {
    run(&guest::COMPUTING);
}

#[test]
fn plugins_that_burn_their_fuel_hurt_nobody_and_leave_nothing() {
    run(&guest::BURNING);
}

#[test]
fn plugins_that_stream_without_end_or_sense_hurt_nobody_and_leave_nothing() {
    run(&streaming::GROUP);
}

#[test]
fn plugins_that_ask_without_end_hurt_nobody_and_leave_nothing() {
    run(&asking::GROUP);
}

#[test]
fn statements_of_an_untrusted_plugin_hurt_nobody_and_leave_nothing() {
    run(&own::GROUP);
}

#[test]
fn statements_as_the_caller_hurt_nobody_and_leave_nothing() {
    run(&caller::GROUP);
}

/// Postgres lets every role change its own password. Here the server asks for it, as the tests' own does not.
#[test]
fn a_login_whose_plugin_changed_its_password_is_mended() {
    let config = "[plugins.test-neighbour.grant]\nhttp = {}\nsql = { modes = [\"own\"] }";
    let kernel = Setup::embedded(&["neighbour"], config).start();
    let ask = |sql: &str| kernel.ask("POST", "/test/neighbour/", &[], sql.as_bytes());
    ask("alter role current_user password 'mine'").ok();
    kernel.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename like '%neighbour'");
    assert_eq!(ask("select 1::text").ok()[0][0], "1");
    kernel.wait_for_log("another password");
}
