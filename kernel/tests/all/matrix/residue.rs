//! What an attack must not leave behind: instances, memory, running statements, locks, settings of a connection.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::{Group, Scene};
use crate::kernel::{Kernel, wait_until};

/// What is there when nothing goes on.
pub struct Residue {
    /// Of the kernel's process, in KiB.
    memory: u64,
    /// What connections look like to whoever uses them next.
    settings: BTreeSet<String>,
}

/// What the calls of one attack may use together, in memory, host memory and responses: the allocator keeps that for the
/// next one. A leak would add to it from attack to attack, for all are compared with the beginning.
const SLACK: u64 = (3 * (32 + 32 + 8)) << 10;

/// How long cleaning may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);

/// One line that is the same on every connection that is as good as new.
pub const SETTINGS: &str = "select concat_ws(' ', current_user, session_user, current_schemas(false)::text, \
     (select string_agg(name || '=' || setting, ',' order by name) from pg_settings \
       where source = 'session' and name not in ('role', 'transaction_read_only')), \
     'claims:', coalesce(current_setting('request.jwt.claims', true), ''), \
     'secret:', coalesce(current_setting('app.secret', true), ''), \
     'channels:', (select count(*) from pg_listening_channels()), \
     'cursors:', (select count(*) from pg_cursors where is_holdable), \
     'statements:', (select count(*) from pg_prepared_statements where from_sql), \
     'temporary:', (select count(*) from pg_class where relnamespace = pg_my_temp_schema()), \
     'locks:', (select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory')) \
   from pg_sleep(0.02)";

/// Statements that run, locks that are held, tables that are temporary: of all logins of the kernel but the admin's.
const SERVER: &str = "select concat_ws(' ', \
     (select count(*) from pg_stat_activity where state <> 'idle' and usename <> current_user \
       and datname = current_database()), \
     (select count(*) from pg_locks join pg_stat_activity using (pid) where usename <> current_user \
       and datname = current_database()), \
     (select count(*) from pg_class where relpersistence = 't'))";

impl Residue {
    pub fn of(scene: &Scene, group: &Group) -> Self {
        Self { memory: memory(&scene.kernel), settings: (group.settings)(scene) }
    }

    /// Waits until everything is as before; says what is not.
    pub fn compare(&self, scene: &Scene, group: &Group) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        let mut left = Err(String::new());
        wait_until("the residue is known", || {
            left = self.look(scene, group);
            left.is_ok() || Instant::now() > end
        });
        left
    }

    fn look(&self, scene: &Scene, group: &Group) -> Result<(), String> {
        let busy = busy_instances(&scene.kernel);
        if busy != 0 {
            return Err(format!("{busy} instances still live"));
        }
        if !group.prepare.is_empty() {
            let settings = (group.settings)(scene);
            if settings != self.settings {
                return Err(format!("connections are {settings:#?}, and were {:#?}", self.settings));
            }
            let server = scene.kernel.sql(SERVER);
            if server.lines().nth(1) != Some("0 0 0") {
                return Err(format!("statements, locks, temporary tables: {server}"));
            }
        }
        match memory(&scene.kernel) {
            now if now > self.memory + SLACK => Err(format!("the kernel grew from {} to {now} KiB", self.memory)),
            _ => Ok(()),
        }
    }
}

/// Instances that live and do not wait for a call.
fn busy_instances(kernel: &Kernel) -> i64 {
    let metrics = kernel.get("/metrics").text();
    let sum = |name: &str| -> i64 {
        let lines = metrics.lines().filter(|line| line.starts_with(name));
        lines.map(|line| line.rsplit(' ').next().and_then(|value| value.parse::<i64>().ok()).expect("a number")).sum()
    };
    sum("basalt_plugin_instances{") - sum("basalt_plugin_idle_instances{")
}

/// Resident memory, where the system says it.
fn memory(kernel: &Kernel) -> u64 {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", kernel.pid())) else { return 0 };
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
