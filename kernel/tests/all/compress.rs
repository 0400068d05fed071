//! Compressed answers: only for who asks, only where it helps, and never a lie about what was sent.

use std::io::Read;

use crate::kernel::{Answer, Kernel};

const HTTP: &str = "[plugins.test-http.grant]\nhttp = {}\n";

/// Asks the fixture for an answer of 5,000 bytes with these headers.
fn ask(kernel: &Kernel, method: &str, accept: &str, headers: &[(&str, &str)]) -> Answer {
    let mut all =
        vec![("accept-encoding", accept), ("answer-content-type", "application/json"), ("answer-etag", "\"a\"")];
    all.retain(|(name, _)| headers.iter().all(|(other, _)| other != name));
    all.extend(headers);
    kernel.ask(method, "/test/http/answer?5000", &all, b"")
}

/// The encoding, the ETag and whether caches are told.
fn said(answer: &Answer) -> (&str, &str, bool) {
    (answer.header("content-encoding"), answer.header("etag"), answer.header("vary").contains("accept-encoding"))
}

#[test]
fn the_encoding_that_the_client_likes_best_is_used() {
    let kernel = Kernel::start(&["http"], HTTP);
    for (accept, encoding) in [
        ("gzip", "gzip"),
        ("br", "br"),
        ("gzip;q=0.5, br;q=0.9", "br"),
        ("gzip;q=0.9, br;q=0.5", "gzip"),
        ("gzip, deflate, br, zstd", "gzip"),
        ("*", "br"),
    ] {
        let answer = ask(&kernel, "GET", accept, &[]);
        assert_eq!(said(&answer), (encoding, "W/\"a\"", true), "{accept}");
        assert!(answer.body.len() < 1000 && !answer.body.is_empty(), "{accept}: {}", answer.body.len());
        assert!(!answer.headers.contains_key("content-length"));
    }
    for accept in ["identity", "gzip;q=0, br;q=0", "zstd", "nonsense;;", ""] {
        let answer = ask(&kernel, "GET", accept, &[]);
        assert_eq!((said(&answer), answer.body.len()), (("", "\"a\"", true), 5000), "{accept}");
    }
}

#[test]
fn what_was_compressed_is_what_was_answered() {
    let kernel = Kernel::start(&["http"], &format!("{HTTP}[plugins.test-http.limits]\nrequest = \"8MiB\"\n"));
    let content: Vec<u8> = (0..=255).cycle().take(5 << 20).collect();
    for encoding in ["gzip", "br"] {
        let headers = [("accept-encoding", encoding), ("answer-content-type", "text/plain")];
        let answer = kernel.ask("POST", "/test/http/answer", &headers, &content);
        assert_eq!(answer.header("content-encoding"), encoding);
        let mut decoded = Vec::new();
        match encoding {
            "gzip" => flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut decoded),
            _ => brotli::Decompressor::new(&answer.body[..], 4096).read_to_end(&mut decoded),
        }
        .expect("decoded");
        assert!(decoded == content, "{encoding}: {} bytes", decoded.len());
    }
}

#[test]
fn nothing_is_compressed_that_would_not_gain_or_must_not_change() {
    let kernel = Kernel::start(&["http"], HTTP);
    for header in [
        ("answer-content-type", "image/png"),
        ("answer-content-type", "text/event-stream"),
        ("answer-content-encoding", "x-own"),
        ("answer-cache-control", "no-transform"),
        ("answer-status", "206"),
    ] {
        let answer = ask(&kernel, "GET", "gzip", &[header]);
        assert_eq!((answer.body.len(), answer.header("etag")), (5000, "\"a\""), "{header:?}");
        assert!(["", "x-own"].contains(&answer.header("content-encoding")), "{header:?}");
    }
    let small = [("accept-encoding", "gzip"), ("answer-content-type", "text/plain")];
    let small = kernel.ask("GET", "/test/http/answer?1023", &small, b"");
    assert_eq!((small.header("content-encoding"), small.body.len()), ("", 1023));
}

#[test]
fn a_range_of_rows_is_kept_in_any_encoding() {
    let kernel = Kernel::start(&["http"], HTTP);
    let answer = ask(&kernel, "GET", "gzip", &[("answer-content-range", "0-9/10")]);
    assert_eq!((answer.header("content-encoding"), answer.header("content-range")), ("gzip", "0-9/10"));
    let partial = ask(&kernel, "GET", "gzip", &[("answer-content-range", "bytes 0-9/10"), ("answer-status", "206")]);
    assert_eq!((partial.header("content-encoding"), partial.header("content-range")), ("", "bytes 0-9/10"));
}

#[test]
fn an_answer_without_content_says_what_the_one_with_it_would() {
    let kernel = Kernel::start(&["http"], HTTP);
    let head = ask(&kernel, "HEAD", "gzip", &[]);
    assert_eq!((said(&head), head.body.len()), (("gzip", "W/\"a\"", true), 0));
    let head = ask(&kernel, "HEAD", "identity", &[]);
    assert_eq!((said(&head), head.header("content-length")), (("", "\"a\"", true), "5000"));
    let unchanged = ask(&kernel, "GET", "gzip", &[("answer-status", "304")]);
    assert_eq!((said(&unchanged), unchanged.body.len()), (("", "W/\"a\"", true), 0));
    let nothing = ask(&kernel, "GET", "gzip", &[("answer-status", "204")]);
    assert_eq!((nothing.header("content-encoding"), nothing.body.len()), ("", 0));
}

#[test]
fn refusals_are_compressed_too_and_the_operator_can_switch_it_off() {
    let kernel = Kernel::start(&["http"], &format!("[server]\ncompression_threshold = \"16B\"\n{HTTP}"));
    let refused = kernel.ask("GET", "/nowhere", &[("accept-encoding", "gzip")], b"");
    assert_eq!((refused.status, refused.header("content-encoding")), (404, "gzip"));
    let kernel = Kernel::start(&["http"], &format!("[server]\ncompression = false\n{HTTP}"));
    let answer = ask(&kernel, "GET", "gzip", &[]);
    assert_eq!((said(&answer), answer.body.len()), (("", "\"a\"", false), 5000));
}
