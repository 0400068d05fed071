//! Where the server's files are and whose they are. Postgres refuses to run as root, so for root they are another user's.
//!
//! It never widens the mode of a directory that it did not make.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::broken;
use crate::error::{Error, Result};

const HOME: &str = "postgres";
const DATA: &str = "data";

/// For data that root's own directories would hide from the server.
const SHARED: &str = "/var/lib/basalt";

/// A socket's path is cut at 104 to 108 bytes, by the system; this leaves room for its name.
const LONGEST: usize = 85;

/// The user that the server runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// The server's directories.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Private to the server's user.
    pub(super) home: PathBuf,
    /// In it: the cluster.
    pub(super) data: PathBuf,
    /// In it, or in `/tmp` where its path would be too long for a socket.
    pub(super) sockets: PathBuf,
    /// Another user, when the kernel is root.
    pub(super) owner: Option<Owner>,
    pub(super) log: PathBuf,
}

impl Place {
    /// Makes what is missing.
    pub(super) fn choose(data_dir: &Path) -> Result<Self> {
        let owner = rustix::process::geteuid().is_root().then(server_user).transpose()?;
        let data_dir = data_dir.canonicalize().map_err(|fault| unusable(data_dir, &fault))?;
        let home = home(&data_dir, owner).map_err(|fault| unusable(&data_dir.join(HOME), &fault))?;
        let place = Self::under(home, &data_dir, owner);
        make_private(&place.sockets, owner).map_err(|fault| unusable(&place.sockets, &fault))?;
        Ok(place)
    }

    /// What another kernel made.
    pub(super) fn existing(data_dir: &Path) -> Option<Self> {
        let data_dir = data_dir.canonicalize().ok()?;
        let home = data_dir.join(HOME).canonicalize().ok()?;
        let place = Self::under(home, &data_dir, None);
        // In a directory that somebody else could write, somebody else could be listening for the password.
        let is_same_owner = fs::metadata(&place.home).ok()?.uid() == fs::symlink_metadata(&place.sockets).ok()?.uid();
        is_same_owner.then_some(place)
    }

    fn under(home: PathBuf, data_dir: &Path, owner: Option<Owner>) -> Self {
        let sockets = match home.join("run") {
            near if near.as_os_str().len() <= LONGEST => near,
            _ => PathBuf::from(format!("/tmp/basalt-{}", digest(&home))),
        };
        Self { data: home.join(DATA), sockets, owner, log: data_dir.join("postgres.log"), home }
    }

    /// The version that made the data, if there are any.
    pub(super) fn version(&self) -> Result<Option<u32>> {
        read_version(&self.data)
    }
}

/// The version that made the data of a data directory, if there are any; nothing is made.
pub(super) fn version(data_dir: &Path) -> Result<Option<u32>> {
    read_version(&data_dir.join(HOME).join(DATA))
}

fn read_version(data: &Path) -> Result<Option<u32>> {
    match fs::read_to_string(data.join("PG_VERSION")) {
        Ok(text) => Ok(text.trim().parse().ok()),
        Err(fault) if matches!(fault.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(fault) => Err(unusable(data, &fault)),
    }
}

/// `postgres` where there is one; `nobody` is everywhere.
fn server_user() -> Result<Owner> {
    let users = fs::read_to_string("/etc/passwd").map_err(|fault| unusable(Path::new("/etc/passwd"), &fault))?;
    let found = ["postgres", "nobody"].iter().find_map(|name| find_user(&users, name));
    found.ok_or_else(|| {
        broken("Postgres does not run as root, and there is no user `postgres` or `nobody` to run it as")
    })
}

fn find_user(users: &str, name: &str) -> Option<Owner> {
    let mut fields = users.lines().map(|line| line.split(':')).find(|fields| fields.clone().next() == Some(name))?;
    Some(Owner { uid: fields.nth(2)?.parse().ok()?, gid: fields.next()?.parse().ok()? })
}

/// The home of an earlier start, else one beside the other data, else, where the server's user could not get there, one
/// elsewhere with a link to it.
fn home(data_dir: &Path, owner: Option<Owner>) -> io::Result<PathBuf> {
    let near = data_dir.join(HOME);
    let elsewhere = Path::new(SHARED).join(digest(data_dir));
    match fs::read_link(&near) {
        Ok(target) => make_private(&target, owner).map(|()| target),
        Err(_) if owner.is_none_or(|owner| can_reach(data_dir, owner)) => make_private(&near, owner).map(|()| near),
        Err(_) => {
            fs::create_dir_all(SHARED)?;
            make_private(&elsewhere, owner)?;
            symlink(&elsewhere, &near)?;
            Ok(elsewhere)
        }
    }
}

fn can_reach(path: &Path, owner: Owner) -> bool {
    path.ancestors().all(|directory| fs::metadata(directory).is_ok_and(|metadata| can_enter(&metadata, owner)))
}

fn can_enter(metadata: &Metadata, owner: Owner) -> bool {
    let shift = match () {
        () if metadata.uid() == owner.uid => 6,
        () if metadata.gid() == owner.gid => 3,
        () => 0,
    };
    metadata.mode() >> shift & 1 == 1
}

/// A directory that only its owner can enter. One that is there already must be just that: in `/tmp` anybody could have
/// made it first.
fn make_private(path: &Path, owner: Option<Owner>) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {
            return match owner {
                Some(owner) => chown(path, Some(owner.uid), Some(owner.gid)),
                None => Ok(()),
            };
        }
        Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {}
        Err(fault) => return Err(fault),
    }
    let metadata = fs::symlink_metadata(path)?;
    let uid = owner.map_or_else(|| rustix::process::geteuid().as_raw(), |owner| owner.uid);
    match metadata.is_dir() && metadata.uid() == uid && metadata.mode() & 0o077 == 0 {
        true => Ok(()),
        false => Err(io::Error::other(format!("it exists and is not a directory that only user {uid} can enter"))),
    }
}

fn digest(path: &Path) -> String {
    Sha256::digest(path.as_os_str().as_encoded_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn unusable(path: &Path, fault: &io::Error) -> Error {
    broken(format!("{} cannot be used for the embedded Postgres: {fault}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_whole_name() {
        let users = "root:x:0:0::/root:/bin/sh\npostgres2:x:9:9::/:\npostgres:x:102:104:PostgreSQL:/var/lib/postgresql:/bin/sh\n";
        assert_eq!(find_user(users, "postgres"), Some(Owner { uid: 102, gid: 104 }));
        assert_eq!(find_user(users, "nobody"), None);
    }

    #[test]
    fn a_directory_that_others_can_enter_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let outer = tempfile::tempdir().expect("a directory");
        let path = outer.path().join("run");
        make_private(&path, None).expect("made");
        make_private(&path, None).expect("found as it was made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("widened");
        make_private(&path, None).expect_err("others could listen there");
        let link = outer.path().join("link");
        symlink(&path, &link).expect("linked");
        make_private(&link, None).expect_err("a link can be turned elsewhere");
    }

    #[test]
    fn a_long_path_gets_a_short_socket() {
        let home = PathBuf::from("/").join("x".repeat(100));
        let place = Place::under(home, Path::new("/"), None);
        assert!(place.sockets.as_os_str().len() <= LONGEST);
    }
}
