//! Whether the compiled plugins are this kernel's. Stale ones are never loaded: they cost space, and a reader's doubt.

use super::Scene;
use super::finding::{COMPILED_STALE, Finding};
use crate::host::{Engine, compiled};

pub(super) fn check(scene: &Scene<'_>) -> Vec<Finding> {
    let folder = compiled::folder(&scene.data_dir);
    let place = folder.display();
    if !folder.is_dir() {
        return vec![Finding::ok("compiled", place, "does not exist yet; the first start makes it")];
    }
    vec![match Engine::stale(&scene.setup.config.host, &scene.data_dir) {
        Ok(stale) if stale.foreign + stale.leftovers == 0 => Finding::ok("compiled", place, "all for this kernel"),
        Ok(stale) => {
            let found =
                format!("{} file(s) for another engine, {} left by a kernel that died", stale.foreign, stale.leftovers);
            let mend = format!("`find {place}/ -type f ! -name '*{}' -delete`", stale.suffix);
            Finding::warning(&COMPILED_STALE, place, found, mend)
        }
        Err(fault) => {
            let mend = "lower `max_instances` in [host], or give the process more address space (`ulimit -v`)";
            Finding::fault(&COMPILED_STALE, place, format!("no engine can be made: {fault}"), mend)
        }
    }]
}
