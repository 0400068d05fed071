//! Whether this machine's clock agrees with the database's, and with the past. It sets no clock.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::Scene;
use super::finding::{CLOCK_SKEW, Finding};
use crate::app::data_dir::LOCK;
use crate::auth::{SECRET_FILE, SKEW};
use crate::store::{KEY_FILE, Survey};

/// Tokens made on one machine are refused on the other from here on.
const MOST: i64 = SKEW as i64 * 1000;

/// Time servers keep machines within a fraction of a second: this much is a sign that nobody does.
const MUCH: i64 = 2000;

const MEND: &str = "`timedatectl set-ntp true` on the machine whose clock is wrong; `timedatectl` shows it";

pub(super) fn check(scene: &Scene<'_>) -> Vec<Finding> {
    let database = match &scene.survey {
        Survey::Reached(facts) => Some(compare(&format!("against the database at {}", facts.place), facts.ahead)),
        _ => None,
    };
    let past = from_the_future(&scene.data_dir).map(|ahead| compare("against the files of the data directory", ahead));
    database.into_iter().chain(past).collect()
}

/// Another clock that is so many milliseconds ahead of ours.
fn compare(place: &str, ahead: i64) -> Finding {
    let way = if ahead > 0 { "behind" } else { "ahead" };
    let apart = ahead.saturating_abs();
    let found = format!(
        "this machine's clock is {} {way}",
        humantime::format_duration(Duration::from_millis(apart.unsigned_abs()))
    );
    match apart {
        _ if apart > MOST => {
            Finding::fault(&CLOCK_SKEW, place, format!("{found}: tokens are refused or live too long"), MEND)
        }
        _ if apart > MUCH => Finding::warning(&CLOCK_SKEW, place, found, MEND),
        _ => Finding::ok("clock", place, "the same time"),
    }
}

/// How far ahead of now a file was written: the clock was set back since, and tokens of that time are not valid yet.
fn from_the_future(data_dir: &Path) -> Option<i64> {
    let written = |name: &&str| data_dir.join(name).metadata().and_then(|metadata| metadata.modified()).ok();
    let newest = [LOCK, SECRET_FILE, KEY_FILE].iter().filter_map(written).max()?;
    let ahead = newest.duration_since(SystemTime::now()).ok()?;
    i64::try_from(ahead.as_millis()).ok().filter(|ahead| *ahead > MUCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Verdict;

    #[test]
    fn clocks_may_differ_as_much_as_tokens_allow() {
        for (ahead, verdict) in [
            (0, Verdict::Ok),
            (1999, Verdict::Ok),
            (-2001, Verdict::Warning),
            (30_000, Verdict::Warning),
            (30_001, Verdict::Fault),
            (-86_400_000, Verdict::Fault),
            (i64::MIN, Verdict::Fault),
        ] {
            assert_eq!(compare("", ahead).verdict, verdict, "{ahead}");
        }
        assert!(compare("", 60_000).to_string().contains("1m behind"));
        assert!(compare("", -60_000).to_string().contains("1m ahead"));
    }
}
