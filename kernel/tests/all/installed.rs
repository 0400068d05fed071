//! What is installed, as the library of the kernel keeps it in the database.

use basalt::app::Config;
use basalt::config::Sources;
use basalt::error::Result;
use basalt::store::plugin::{Act, Canary, Change, Digest, Version};
use basalt::store::{InstanceKey, Store};
use bytes::Bytes;

use crate::kernel::{Setup, wait_until};

/// Opens the store of a set-up, twice where two operators work at once.
async fn open(setup: &Setup) -> Store {
    let prefix = setup.database().rsplit("test_").next().expect("a name")[..12].to_owned();
    let preset = format!("[database]\nadmin = {:?}\nrole_prefix = \"t{prefix}\"", setup.database());
    let config = Config::load(&Sources { preset: Some(preset), ..Sources::default() }).expect("valid");
    Store::open(&config.database, &setup.path("data"), &InstanceKey::new([7; 32])).await.expect("open")
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(work)
}

fn version(version: &str) -> (Version, Bytes) {
    let file = Bytes::from(format!("file {version}"));
    let version = Version {
        digest: Digest::of(&file),
        plugin: "shop".to_owned(),
        version: version.to_owned(),
        manifest: String::new(),
        recorded: String::new(),
        signature: Some("signed".to_owned()),
        signer: None,
        installed_at: String::new(),
    };
    (version, file)
}

async fn change(store: &Store, seen: Option<i64>, act: Act, file: Option<&(Version, Bytes)>) -> Result<i64> {
    let file = file.map(|(version, file)| (version, file.clone()));
    let change = Change { plugin: "shop", seen, act, file, reason: "a test", actor: "ann" };
    store.change_plugin(&change).await
}

#[test]
fn a_plugin_goes_through_its_life_and_the_log_has_it() {
    let setup = Setup::new(&[], "");
    block_on(async {
        let store = open(&setup).await;
        let mut changed = store.plugins_changed();
        let files = ["1.0.0", "2.0.0", "3.0.0"].map(version);
        let digests = files.each_ref().map(|(version, _)| version.digest.clone());
        let add = Act::Add(digests[0].clone());
        let mut seen = change(&store, None, add.clone(), Some(&files[0])).await.expect("added");
        assert_eq!(change(&store, None, add, None).await.expect_err("twice").code, "plugin.conflict");
        changed.changed().await.expect("told");
        let canary = Act::Canary(Canary { digest: digests[1].clone(), share: 0.05, calls: 100 });
        let acts = [
            (canary, Some(&files[1])),
            (Act::Upgrade(digests[1].clone()), None),
            (Act::Rollback, None),
            (Act::Upgrade(digests[2].clone()), Some(&files[2])),
            (Act::Disable, None),
            (Act::Enable, None),
        ];
        for (act, file) in acts {
            let next = change(&store, Some(seen), act, file).await.expect("changed");
            assert!(next > seen);
            seen = next;
        }
        let plugins = store.plugins().await.expect("read");
        let plugin = &plugins[0];
        assert_eq!((&plugin.current, &plugin.previous), (&Some(digests[2].clone()), &Some(digests[0].clone())));
        assert_eq!((plugin.enabled, &plugin.canary, plugin.revision), (true, &None, seen));
        assert_eq!(store.plugin_file(&digests[2]).await.expect("kept").content, files[2].1);
        assert_eq!(store.plugin_file(&digests[1]).await.expect_err("left").code, "plugin.not-found");
        assert_eq!(store.plugin_versions().await.expect("read").len(), 2);
        change(&store, Some(seen), Act::Remove, None).await.expect("removed");
        assert!(
            store.plugins().await.expect("read").is_empty() && store.plugin_versions().await.expect("read").is_empty()
        );
        let log = store.plugin_log(Some("shop"), 100).await.expect("read");
        let events: Vec<_> = log.iter().rev().map(|entry| entry.event.as_str()).collect();
        let expected = ["add", "canary", "upgrade", "rollback", "upgrade", "disable", "enable", "remove"];
        assert_eq!(events, expected);
        assert_eq!(log[0].version.as_deref(), Some("3.0.0"));
        assert!(log.iter().all(|entry| entry.actor == "ann" && entry.reason == "a test"));
        store.close().await;
    });
}

#[test]
fn of_two_operators_at_once_one_is_told_to_look_again() {
    let setup = Setup::new(&[], "");
    block_on(async {
        let (one, other) = (open(&setup).await, open(&setup).await);
        let file = version("1.0.0");
        let seen = change(&one, None, Act::Add(file.0.digest.clone()), Some(&file)).await.expect("added");
        let both =
            tokio::join!(change(&one, Some(seen), Act::Disable, None), change(&other, Some(seen), Act::Enable, None));
        let outcomes = [both.0, both.1];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let refused = outcomes.into_iter().find_map(Result::err).expect("one");
        assert_eq!(refused.code, "plugin.conflict");
        assert!(refused.message.contains("somebody else"), "{refused}");
        let seen = one.plugins().await.expect("read")[0].revision;
        // Without a version before it, the one that came with the binary is what comes back.
        let seen = change(&one, Some(seen), Act::Rollback, None).await.expect("rolled back");
        assert_eq!(one.plugins().await.expect("read")[0].current, None);
        let none = change(&one, Some(seen), Act::Rollback, None).await.expect_err("nothing before it");
        assert!(none.message.contains("no version before"), "{none}");
        let change = Change { plugin: "nobody", seen: Some(1), act: Act::Enable, file: None, reason: "", actor: "" };
        assert_eq!(one.change_plugin(&change).await.expect_err("unknown").code, "plugin.not-found");
        one.close().await;
        other.close().await;
    });
}

#[test]
fn purging_leaves_nothing_of_a_plugin_and_all_of_others() {
    let prepare = |setup: &Setup| {
        block_on(async {
            let store = open(setup).await;
            for plugin in ["shop", "other"] {
                let login = store.provision(plugin, &Default::default()).await.expect("made");
                let sql = "create table note (id int); select lo_create(0);
                           create function f() returns int language sql security definer as 'select 1'";
                store.migrate_plugin(&login, &[("1".to_owned(), sql.to_owned())]).await.expect("ran");
            }
            store.close().await;
        });
    };
    for setup in [Setup::new(&[], ""), Setup::new(&[], "").without_superuser()] {
        prepare(&setup);
        let name = setup.sql("select nspowner::regrole::text from pg_namespace where nspname = 'plugin_shop'");
        let name = name.lines().nth(1).expect("a name").to_owned();
        setup.sql(&format!("create table given (id int); grant select on given to {name}"));
        block_on(async {
            let store = open(&setup).await;
            assert!(store.drop_plugin_data("shop").await.expect("purged"));
            assert!(!store.drop_plugin_data("shop").await.expect("nothing is left"));
            store.close().await;
        });
        let left = format!(
            "select (select count(*) from pg_roles where rolname = '{name}'),
             (select count(*) from pg_namespace where nspname in ('plugin_shop', 'plugin_other')),
             (select count(*) from pg_largeobject_metadata), to_regclass('given')::text"
        );
        wait_until("only the other's are left", || setup.sql(&left).ends_with("\n0\t1\t1\tgiven\n"));
    }
}
