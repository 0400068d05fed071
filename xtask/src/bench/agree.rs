//! Whether what is compared is the same: a native handler that does less than the plugin would be no measure of it.
//!
//! It compares what one request brings about; how fast is not its business.

use anyhow::{bail, ensure};

use super::http::{self, Answer};
use super::kernel::{Crew, Kernel};
use super::site::Site;
use super::variant::{ALL, Variant};

/// The native variants and the plugin's that stand for the same.
const PAIRS: &[(&str, &str)] = &[
    ("a", "b"),
    ("a", "c"),
    ("a-small", "b-small"),
    ("d", "e"),
    ("d", "d-bare"),
    ("d", "e-log"),
    ("f-native", "f-rest"),
];

/// Each pair answers with the same status, the same headers and the same content, and has Postgres run the same statement.
pub(crate) fn check(site: &Site, crew: &Crew) -> anyhow::Result<()> {
    for (native, plugin) in PAIRS {
        let (native, plugin) = (find(native), find(plugin));
        let (one, other) = (ask(site, crew.at(native.place), native)?, ask(site, crew.at(plugin.place), plugin)?);
        ensure!(one.0.status == "200", "{} is answered with {}: {}", native.path, one.0.status, one.0.body);
        if one != other {
            bail!("{} and {} do not do the same:\n{one:?}\n{other:?}", native.path, plugin.path);
        }
    }
    Ok(())
}

fn find(name: &str) -> &'static Variant {
    ALL.iter().find(|variant| variant.name == name).expect("the pairs are of the variants")
}

/// The answer, and the statement that it took.
fn ask(site: &Site, kernel: &Kernel, variant: &Variant) -> anyhow::Result<(Answer, String)> {
    let token = variant.signed.then_some(site.token.as_str());
    let answer = http::get(&kernel.address, &variant.path.replace("KEY", "4711"), token)?;
    Ok((answer, if variant.signed { last_statement(site)? } else { String::new() }))
}

/// Connections keep the text of what they ran last.
fn last_statement(site: &Site) -> anyhow::Result<String> {
    site.run(&["sql", LAST])
}

const LAST: &str = "select query from pg_stat_activity where usename = 'basalt_authenticator' \
                    order by query_start desc nulls last limit 1";
