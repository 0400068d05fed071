//! Pulling a plugin from an OCI registry, in the layout of WebAssembly artifacts: one layer `application/wasm`, and beside it
//! perhaps the signature. Every byte is checked against the digest that names it. It pushes nothing.

use oci_spec::distribution::Reference;
use oci_spec::image::{Arch, Descriptor, ImageIndex, ImageManifest};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::Body;
use ureq::http::{Response, header};

use super::web::{Web, content, succeeded, unreachable};
use super::{differs, token};
use crate::error::{Error, Result, code};
use crate::host::signature::MAX_SIGNATURE;
use crate::store::plugin::{Digest, MAX_FILE};

/// What the specification lets a manifest have.
const MAX_MANIFEST: usize = 4 << 20;

const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                         application/vnd.docker.distribution.manifest.v2+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json";

/// The layer with the component, as the CNCF's layout calls it, and as tools before it did.
const WASM: [&str; 2] = ["application/wasm", "application/vnd.wasm.content.layer.v1+wasm"];

/// The layer with the minisign signature of that one.
const SIGNATURE: &str = "application/vnd.basalt.minisig";

/// A repository of a registry.
pub(super) struct Registry<'a> {
    web: &'a Web,
    reference: &'a Reference,
    base: String,
    /// What the registry wants to see once it has said so.
    authorization: Option<String>,
}

/// What a reference stands for.
pub(super) struct Artifact {
    pub(super) file: Vec<u8>,
    pub(super) signature: Option<Vec<u8>>,
    /// Of the manifest: names exactly this.
    pub(super) digest: String,
}

/// Which of the two a manifest is.
#[derive(Deserialize)]
struct Kind {
    layers: Option<Value>,
    manifests: Option<Value>,
}

impl<'a> Registry<'a> {
    pub(super) fn new(web: &'a Web, reference: &'a Reference, is_plain: bool) -> Self {
        let scheme = if is_plain { "http" } else { "https" };
        let base = format!("{scheme}://{}/v2/{}", reference.resolve_registry(), reference.repository());
        Self { web, reference, base, authorization: None }
    }

    /// Gets the plugin, and its signature where one is wanted and there.
    ///
    /// # Errors
    /// `source.invalid` when it is no plugin, `source.checksum`, `source.denied`, `source.unreachable`.
    pub(super) fn pull(&mut self, with_signature: bool) -> Result<Artifact> {
        let name = self.reference.digest().or(self.reference.tag()).unwrap_or("latest");
        let (mut manifest, digest) = self.manifest(name)?;
        if is_index(&manifest)? {
            manifest = self.manifest(&for_wasm(&parse(&manifest)?)?)?.0;
            if is_index(&manifest)? {
                return Err(no_plugin("an index of indices"));
            }
        }
        let manifest: ImageManifest = parse(&manifest)?;
        let layer = one(&manifest, &WASM)?.ok_or_else(|| without_wasm(&manifest))?;
        let signature = one(&manifest, &[SIGNATURE])?.filter(|_| with_signature);
        let file = self.blob(layer, MAX_FILE)?;
        let signature = signature.map(|layer| self.blob(layer, MAX_SIGNATURE)).transpose()?;
        Ok(Artifact { file, signature, digest })
    }

    /// A manifest and its digest, which has to be its name where that is one.
    fn manifest(&mut self, name: &str) -> Result<(Vec<u8>, String)> {
        let url = format!("{}/manifests/{name}", self.base);
        let answer = self.get(&url, MANIFESTS)?;
        let said = answer.headers().get("docker-content-digest").and_then(|said| said.to_str().ok()).map(str::to_owned);
        let manifest = content(answer, &url, MAX_MANIFEST)?;
        let digest = format!("sha256:{}", Digest::of(&manifest));
        let expected = if name.starts_with("sha256:") { Some(name.to_owned()) } else { said };
        match expected.filter(|expected| *expected != digest) {
            Some(expected) => Err(differs(&format!("the manifest {name}"), &expected, &digest)),
            None => Ok((manifest, digest)),
        }
    }

    fn blob(&mut self, layer: &Descriptor, most: usize) -> Result<Vec<u8>> {
        let digest = layer.digest().to_string();
        let sha256 =
            layer.as_digest_sha256().ok_or_else(|| no_plugin("a layer is named by another digest than SHA-256"))?;
        let url = format!("{}/blobs/{digest}", self.base);
        if layer.size() > most as u64 {
            return Err(unreachable(&url, format!("it has more than {most} bytes")));
        }
        let answer = self.get(&url, "*/*")?;
        // One byte more than was announced is as wrong as another one.
        let blob = content(answer, &url, usize::try_from(layer.size()).unwrap_or(most))?;
        if blob.len() as u64 != layer.size() {
            let message = format!("a layer has {} bytes, and its manifest says {}", blob.len(), layer.size());
            return Err(Error::new(&code::SOURCE_CHECKSUM, message));
        }
        let found = Digest::of(&blob);
        if found.as_str() != sha256 { Err(differs("a layer", sha256, found.as_str())) } else { Ok(blob) }
    }

    /// Asks, once more with credentials when the registry wants some.
    fn get(&mut self, url: &str, accept: &str) -> Result<Response<Body>> {
        let answer = self.ask(url, accept)?;
        if answer.status().as_u16() != 401 || self.authorization.is_some() {
            return succeeded(answer, url).map_err(denied);
        }
        let challenge = answer.headers().get(header::WWW_AUTHENTICATE).and_then(|challenge| challenge.to_str().ok());
        self.authorization = Some(token::answer(self.web, self.reference, challenge.unwrap_or_default())?);
        succeeded(self.ask(url, accept)?, url).map_err(denied)
    }

    fn ask(&self, url: &str, accept: &str) -> Result<Response<Body>> {
        let authorization = self.authorization.as_deref().map(|value| ("authorization", value));
        let headers: Vec<_> = std::iter::once(("accept", accept)).chain(authorization).collect();
        self.web.get(url, &headers)
    }
}

fn denied(fault: Error) -> Error {
    if fault.code == code::SOURCE_DENIED.name { fault.hint(token::LOGIN) } else { fault }
}

fn no_plugin(why: impl std::fmt::Display) -> Error {
    Error::new(&code::SOURCE_INVALID, format!("what the registry has there is no plugin: {why}"))
        .hint("push it as `oras push REGISTRY/REPOSITORY:TAG plugin.wasm:application/wasm`")
}

fn parse<T: DeserializeOwned>(manifest: &[u8]) -> Result<T> {
    serde_json::from_slice(manifest).map_err(|fault| no_plugin(format!("its manifest is none: {fault}")))
}

/// One that could be read as either is neither.
fn is_index(manifest: &[u8]) -> Result<bool> {
    let Kind { layers, manifests } = parse(manifest)?;
    match (layers.is_some(), manifests.is_some()) {
        (false, true) => Ok(true),
        (true, false) => Ok(false),
        _ => Err(no_plugin("its manifest has neither layers nor manifests, or both")),
    }
}

/// The digest of the one manifest for WebAssembly.
fn for_wasm(index: &ImageIndex) -> Result<String> {
    let platform = |entry: &Descriptor| entry.platform().as_ref().map(|platform| platform.architecture().clone());
    let mut found = index.manifests().iter().filter(|entry| platform(entry) == Some(Arch::Wasm));
    match (found.next(), found.next()) {
        (Some(entry), None) if entry.as_digest_sha256().is_some() => Ok(entry.digest().to_string()),
        _ => Err(no_plugin("it is an index of several, and not just one of them is for the platform wasm")
            .hint("name the manifest that is meant by its digest: …@sha256:…")),
    }
}

/// The only layer of these types.
fn one<'m>(manifest: &'m ImageManifest, types: &[&str]) -> Result<Option<&'m Descriptor>> {
    let mut found = manifest.layers().iter().filter(|layer| types.contains(&layer.media_type().as_ref()));
    match (found.next(), found.next()) {
        (layer, None) => Ok(layer),
        _ => Err(no_plugin(format!("it has several layers of the type {}", types[0]))),
    }
}

fn without_wasm(manifest: &ImageManifest) -> Error {
    let types: Vec<_> = manifest.layers().iter().map(|layer| layer.media_type().to_string()).collect();
    no_plugin(format!("it has no layer of the type {}, but {types:?}", WASM[0]))
}
