//! The table of attacks in `docs/security-model.md`: generated, and compared.

use std::path::Path;

use super::attack::{Attack, Gets};
use super::grant::{CASES, Case};
use super::{GROUPS, Group};

const BEGIN: &str = "<!-- attacks: written by `cargo xtask bless` from kernel/tests/matrix -->\n";
const END: &str = "<!-- end of the attacks -->\n";

fn table() -> String {
    GROUPS.iter().map(|group| section(group)).chain([grants()]).collect()
}

fn grants() -> String {
    let row = |case: &Case| {
        let tried = if case.tried.contains('`') { case.tried.to_owned() } else { format!("`{}`", case.tried) };
        format!("| `{}` | `{}` | {tried} | {} |\n", case.scope, case.granted, case.outcome())
    };
    let rows: String = CASES.iter().map(row).collect();
    format!(
        "\n### Scopes of grants\n\nEach with what is inside and what is outside. A plugin that wants more than it is \
         granted is not loaded; a call beyond the grant is refused, by Postgres where it is about tables.\n\n\
         | scope | granted | tried | outcome |\n|---|---|---|---|\n{rows}"
    )
}

fn section(group: &Group) -> String {
    let rows: String = group.attacks.iter().map(row).collect();
    format!("\n### {}\n\n{}\n\n| attack | outcome |\n|---|---|\n{rows}", group.title, group.who)
}

fn row(attack: &Attack) -> String {
    let outcome = match attack.gets {
        Gets::Code(code) => format!("`{code}`"),
        Gets::Value(_) => attack.because.to_owned(),
    };
    format!("| {} | {outcome} |\n", attack.what)
}

/// Whether generated files are being renewed.
#[expect(clippy::disallowed_methods, reason = "said by `cargo xtask bless`")]
fn is_blessing() -> bool {
    std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always")
}

#[test]
fn the_documented_attacks_are_those_that_are_tested() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/security-model.md");
    let text = std::fs::read_to_string(&path).expect("the security model");
    let (before, rest) = text.split_once(BEGIN).expect("the beginning of the table");
    let (found, after) = rest.split_once(END).expect("the end of the table");
    if is_blessing() {
        std::fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", table())).expect("written");
        return;
    }
    assert_eq!(found, table(), "renew it with `cargo xtask bless`");
}
