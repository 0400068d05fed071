//! `basalt plugin keygen` and `sign`: what authors vouch for their files with, in the formats of minisign. Which keys are trusted
//! is each operator's to say.

use std::io::{Cursor, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox};

use crate::config::variable;
use crate::error::{Error, Result, code};
use crate::host::package::Package;

/// The password of the key, where nobody is there to type it.
const PASSWORD: &str = "BASALT_SIGNING_PASSWORD";

#[derive(Debug, clap::Args)]
pub(super) struct Keygen {
    /// Where the secret key goes; the public one goes beside it, as FILE.pub
    #[arg(long, value_name = "FILE", default_value = "basalt.key")]
    out: PathBuf,
    /// Keep the secret key without a password, for machines that sign
    #[arg(long)]
    no_password: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Sign {
    /// The plugin's file; its signature goes beside it, as FILE.minisig
    file: PathBuf,
    /// The secret key, of `basalt plugin keygen` or `minisign -G`; its password also in BASALT_SIGNING_PASSWORD
    #[arg(long, value_name = "FILE", default_value = "basalt.key")]
    key: PathBuf,
}

pub(super) fn generate(arguments: &Keygen) -> Result<ExitCode> {
    let public = beside(&arguments.out, "pub");
    for path in [&arguments.out, &public] {
        if path.exists() {
            return Err(failed(path, "there is one, and who lost a key cannot sign with it any more")
                .hint("`--out FILE` puts the new one elsewhere"));
        }
    }
    let pair = match arguments.no_password {
        true => KeyPair::generate_unencrypted_keypair(),
        false => KeyPair::generate_encrypted_keypair(variable(PASSWORD)),
    };
    let unmade = |fault| failed(&arguments.out, fault);
    let pair = pair.map_err(unmade)?;
    let text = pair.pk.to_base64();
    let secret = pair.sk.to_box(None).map_err(unmade)?.into_string();
    write(&arguments.out, &secret, 0o600)?;
    write(&public, &pair.pk.to_box().map_err(unmade)?.into_string(), 0o644)?;
    println!(
        "{} signs; keep it, and keep it to yourself. Operators who trust you put this into basalt.toml:",
        arguments.out.display()
    );
    println!("\n[signature]\nkeys = {{ yourname = \"{text}\" }}");
    Ok(ExitCode::SUCCESS)
}

pub(super) fn sign(arguments: &Sign) -> Result<ExitCode> {
    let package = Package::open(&arguments.file)?;
    let key = read_key(&arguments.key)?;
    let unsigned = |fault| failed(&arguments.file, fault);
    let public = PublicKey::from_secret_key(&key).map_err(unsigned)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(Error::internal)?.as_secs();
    let (id, version) = (&package.manifest.id, &package.manifest.version);
    // As minisign has it, and what it is a signature of.
    let comment = format!("timestamp:{now}\tfile:{id}.wasm\tplugin:{id} {version}");
    let content = Cursor::new(&package.wasm);
    let signature = minisign::sign(Some(&public), &key, content, Some(&comment), None).map_err(unsigned)?;
    let path = beside(&arguments.file, "minisig");
    std::fs::write(&path, signature.into_string()).map_err(|fault| failed(&path, fault))?;
    println!("{}: {id} {version}, signed with {}", path.display(), public.to_base64());
    Ok(ExitCode::SUCCESS)
}

fn read_key(path: &Path) -> Result<SecretKey> {
    let unread = |fault: &dyn std::fmt::Display| {
        failed(path, fault)
            .hint(format!("`basalt plugin keygen` makes one; {PASSWORD} or a terminal gives its password"))
    };
    let text = std::fs::read_to_string(path).map_err(|fault| unread(&fault))?;
    if let Some(key) = open_key(&text) {
        return Ok(key);
    }
    let key = SecretKeyBox::from_string(&text).and_then(|key| key.into_secret_key(variable(PASSWORD)));
    key.map_err(|fault| unread(&fault))
}

/// A key without a password. It is read by its bytes, because minisign's own of this kind carry no checksum, on which the
/// crate insists; whether its parts belong together shows when it signs.
fn open_key(text: &str) -> Option<SecretKey> {
    let bytes = STANDARD.decode(text.lines().nth(1)?.trim()).ok()?;
    SecretKey::from_bytes(&bytes).ok().filter(|key| !key.is_encrypted())
}

/// A file that was not there.
fn write(path: &Path, text: &str, mode: u32) -> Result<()> {
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|fault| failed(path, fault))
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{extension}"));
    name.into()
}

fn failed(path: &Path, why: impl std::fmt::Display) -> Error {
    Error::new(&code::SIGNATURE_INVALID, format!("{}: {why}", path.display()))
}
