//! Whether the secrets are there and hard to guess. It never prints one.

use std::fs;
use std::path::Path;

use super::Scene;
use super::finding::{Finding, SECRETS};
use crate::auth::seal::Seal;
use crate::auth::{MIN_SECRET, SECRET_FILE};
use crate::store::{InstanceKey, KEY_FILE, PASSWORD_FILE, Survey, has_embedded_data};

const CHECK: &str = SECRETS.check;

/// Secrets that stand in other products' documentation and get copied from there.
const PUBLISHED: &[&str] = &[
    "super-secret-jwt-token-with-at-least-32-characters-long",
    "your-super-secret-jwt-token-with-at-least-32-characters-long",
    "reallyreallyreallyreallyverysafe",
];

/// 32 random bytes in base64 have about 30 different characters; a word typed over and over has less than this.
const VARIETY: usize = 10;

const NEW: &str = "`export BASALT_JWT_SECRET=$(openssl rand -base64 32)`, or leave it unset; tokens issued before become \
                   invalid";

pub(super) fn check(scene: &Scene<'_>) -> Vec<Finding> {
    let found = [Some(token(scene)), key(&scene.data_dir), sealed(scene), password(scene)];
    found.into_iter().flatten().collect()
}

fn token(scene: &Scene<'_>) -> Finding {
    let file = scene.data_dir.join(SECRET_FILE);
    if let Some(secret) = &scene.setup.config.auth.jwt_secret {
        return judge("auth.jwt_secret", secret.expose(), NEW);
    }
    match fs::read_to_string(&file) {
        Ok(secret) => judge(
            &file.display().to_string(),
            secret.trim(),
            &format!("`rm {}`, and restart; tokens issued before become invalid", file.display()),
        ),
        Err(_) if scene.data_dir.join(KEY_FILE).exists() => {
            let found = "missing in a data directory that was used before: the next start makes another one";
            let mend = "if tokens were issued before: restore the file, or set BASALT_JWT_SECRET to what it was";
            Finding::warning(&SECRETS, file.display(), found, mend)
        }
        Err(_) => Finding::ok(CHECK, file.display(), "does not exist yet; the first start makes it"),
    }
}

fn judge(place: &str, secret: &str, mend: &str) -> Finding {
    match weakness(secret) {
        Some(weakness) => Finding::fault(&SECRETS, place, weakness, mend),
        None => Finding::ok(CHECK, place, "long enough, and not one that everybody knows"),
    }
}

fn weakness(secret: &str) -> Option<String> {
    let different = secret.bytes().collect::<std::collections::BTreeSet<_>>().len();
    match secret.len() {
        length if length < MIN_SECRET => Some(format!("weak: {length} bytes, and at least {MIN_SECRET} are needed")),
        _ if PUBLISHED.contains(&secret) => Some("weak: it is published in documentation".to_owned()),
        _ if different < VARIETY => Some(format!("weak: only {different} different characters")),
        _ => None,
    }
}

/// Only a broken one is a fault: without one the kernel makes another, and gives its logins new passwords.
fn key(data_dir: &Path) -> Option<Finding> {
    let file = data_dir.join(KEY_FILE);
    InstanceKey::parse(&fs::read_to_string(&file).ok()?).err()?;
    let mend = format!("restore it, or `rm {}`: the kernel then gives its logins new passwords", file.display());
    Some(Finding::fault(&SECRETS, file.display(), "broken: it does not hold 32 bytes", mend))
}

/// What another key sealed stays closed: a database that came without its data directory.
fn sealed(scene: &Scene<'_>) -> Option<Finding> {
    let Survey::Reached(facts) = &scene.survey else { return None };
    let file = scene.data_dir.join(KEY_FILE);
    let key = fs::read_to_string(&file).ok().and_then(|text| InstanceKey::parse(&text).ok());
    let ours = key.map(|key| Seal::new(&key).key_id());
    let (_, name) = facts.sealed.iter().find(|(key, _)| Some(key) != ours.as_ref())?;
    let found = format!("not the key that sealed the secret {name:?}: plugins cannot read it");
    let mend = format!("restore the file as it was when the secret was set, or `basalt secret set {name}` again");
    Some(Finding::fault(&SECRETS, file.display(), found, mend))
}

/// The embedded server was made with a password that nobody else knows.
fn password(scene: &Scene<'_>) -> Option<Finding> {
    let file = scene.data_dir.join(PASSWORD_FILE);
    let is_needed = scene.setup.config.database.admin.is_none() && has_embedded_data(&scene.data_dir);
    if !is_needed || file.exists() {
        return None;
    }
    let cluster = scene.data_dir.join("postgres/data");
    let mend = format!(
        "restore it from a backup. Without one, as the owner of {cluster}, with the kernel stopped: put a new password into \
         the file, and `echo \"alter role postgres password '<it>'\" | postgres --single -D {cluster} postgres`",
        cluster = cluster.display()
    );
    Some(Finding::fault(&SECRETS, file.display(), "missing: the kernel cannot log in to its database", mend))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_secrets_are_told_from_good_ones() {
        for weak in ["", "short", PUBLISHED[0], PUBLISHED[2], &"ab".repeat(32), &"changeme".repeat(8)] {
            assert!(weakness(weak).is_some(), "{weak}");
        }
        for good in ["vT3kq1Zb8mYx0LwQe7RjHn5uPcSdFg2A", "correct horse battery staple, twice a day"] {
            assert_eq!(weakness(good), None, "{good}");
        }
    }
}
