//! Compression of answers. Salvo's middleware negotiates, weakens the ETag, says `Vary` and encodes off the asynchronous
//! threads; here is only what it is told: which content is worth it, and how hard to try.

use salvo::http::header::{CONTENT_RANGE, CONTENT_TYPE};
use salvo::http::{HeaderMap, HeaderValue, StatusCode};
use salvo::{Depot, FlowCtrl, Handler, Request, Response, Router, async_trait};
use salvo_compression::{Compression, CompressionLevel};

use super::Config;

/// Of both encoders: about three quarters of what the highest level saves, at a tenth of its time.
const LEVEL: CompressionLevel = CompressionLevel::Precise(4);

/// Puts the compression around a handler, when it is switched on.
pub(super) fn around(router: Router, config: &Config) -> Router {
    if !config.compression {
        return router;
    }
    let encode = Compression::new()
        .disable_all()
        .enable_brotli(LEVEL)
        .enable_gzip(LEVEL)
        .min_length(config.compression_threshold.bytes())
        // Every type passes here; `choose` decides.
        .content_types(&[]);
    router.hoop(Restore).hoop(encode)
}

/// Decides about an answer that is ready to be encoded.
pub(super) fn choose(response: &mut Response, depot: &mut Depot, flow: &mut FlowCtrl) {
    // An answer without content can still weaken the ETag of a compressed copy in a cache.
    if response.status_code != Some(StatusCode::NOT_MODIFIED) && !is_worth_it(response.headers()) {
        flow.cease();
        return;
    }
    // The middleware takes every `Content-Range` for one of bytes. With a status other than 206 it counts something
    // else, rows for example, and those are the same in any encoding.
    if response.status_code != Some(StatusCode::PARTIAL_CONTENT)
        && let Some(range) = response.headers_mut().remove(CONTENT_RANGE)
    {
        depot.insert_typed(Range(range));
    }
}

/// Text; what is compressed already would only grow. Events are sent one by one, and must not wait for each other.
fn is_worth_it(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.split_once('/') {
        Some(("text", subtype)) => subtype != "event-stream",
        Some((_, subtype)) if subtype.ends_with("+json") || subtype.ends_with("+xml") => true,
        Some(("application", subtype)) => {
            ["json", "xml", "javascript", "x-ndjson", "wasm", "sql", "toml", "yaml"].contains(&subtype)
        }
        _ => false,
    }
}

struct Range(HeaderValue);

/// Around the compression: gives back what was hidden from it.
struct Restore;

#[async_trait]
impl Handler for Restore {
    async fn handle(&self, request: &mut Request, depot: &mut Depot, response: &mut Response, flow: &mut FlowCtrl) {
        flow.call_next(request, depot, response).await;
        if let Ok(Range(range)) = depot.remove_typed::<Range>() {
            response.headers_mut().insert(CONTENT_RANGE, range);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_worth_it_and_what_is_compressed_already_is_not() {
        for (kind, worth) in [
            ("application/json; charset=utf-8", true),
            ("application/vnd.pgrst.object+json", true),
            ("image/svg+xml", true),
            ("text/csv", true),
            ("text/event-stream", false),
            ("image/png", false),
            ("application/octet-stream", false),
            ("application/zip", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(is_worth_it(&headers), worth, "{kind}");
        }
    }
}
