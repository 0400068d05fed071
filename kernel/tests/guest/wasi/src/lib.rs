//! The fixture of `wasi`: a component of `wasi:http` that knows no kernel, and tries whatever WASI has. What it tries is the
//! last part of the path, how often or where is the query.

// A component's exports have names that no linker of native libraries takes.
#![cfg(target_arch = "wasm32")]

mod hostile;

use wasip2::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingRequest, OutgoingResponse, ResponseOutparam, Scheme,
};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

struct Component;

wasip2::http::proxy::export!(Component);

impl wasip2::exports::http::incoming_handler::Guest for Component {
    fn handle(request: IncomingRequest, place: ResponseOutparam) {
        let asked = request.path_with_query().unwrap_or_default();
        let (path, query) = asked.split_once('?').unwrap_or((&asked, ""));
        match path.rsplit('/').next().unwrap_or_default() {
            "nothing" => {}
            "leave" => std::mem::forget(place),
            "open" => std::mem::forget(begin(place, 200)),
            "large" => fill(place),
            "teapot" => respond(place, 99, ""),
            "echo" => echo(request, place),
            "fetch" => respond(place, 200, &fetch(query, 1)),
            "flood" => respond(place, 200, &(0..20).map(|_| fetch(query, 1)).collect::<Vec<_>>().join(" ")),
            "send" => respond(place, 200, &fetch(query, 64 << 10)),
            "half" => send_half(query),
            what => respond(place, 200, &hostile::attempt(what, query)),
        }
    }
}

/// The answer's head, and where its content goes.
fn begin(place: ResponseOutparam, status: u16) -> (OutgoingBody, OutputStream) {
    let headers = Fields::from_list(&[("content-type".to_owned(), b"text/plain".to_vec())]).expect("headers");
    let answer = OutgoingResponse::new(headers);
    answer.set_status_code(status).expect("a status");
    let body = answer.body().expect("a body");
    ResponseOutparam::set(place, Ok(answer));
    let stream = body.write().expect("a stream");
    (body, stream)
}

fn respond(place: ResponseOutparam, status: u16, text: &str) {
    let (body, stream) = begin(place, status);
    for part in text.as_bytes().chunks(4096) {
        stream.blocking_write_and_flush(part).expect("written");
    }
    drop(stream);
    OutgoingBody::finish(body, None).expect("finished");
}

/// Writes for as long as somebody takes it.
fn fill(place: ResponseOutparam) {
    let (_body, stream) = begin(place, 200);
    while stream.blocking_write_and_flush(&[b'x'; 4096]).is_ok() {}
}

/// What came, as the component sees it.
fn echo(request: IncomingRequest, place: ResponseOutparam) {
    let mut told = format!("{} {}", method(&request.method()), request.path_with_query().unwrap_or_default());
    for (name, value) in request.headers().entries() {
        told.push_str(&format!("\n{name}: {}", String::from_utf8_lossy(&value)));
    }
    let body = request.consume().expect("a body");
    let content = read(&body.stream().expect("a stream"));
    respond(place, 200, &format!("{told}\n\n{}", String::from_utf8_lossy(&content)));
}

fn method(method: &Method) -> &str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Other(name) => name,
        _ => "another",
    }
}

fn read(stream: &InputStream) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(part) => all.extend(part),
            Err(StreamError::Closed) => return all,
            Err(StreamError::LastOperationFailed(fault)) => return fault.to_debug_string().into_bytes(),
        }
    }
}

/// Ends in the middle of a request to a server.
fn send_half(authority: &str) {
    let request = OutgoingRequest::new(Fields::new());
    request.set_method(&Method::Post).expect("a method");
    request.set_scheme(Some(&Scheme::Http)).expect("a scheme");
    request.set_authority(Some(authority)).expect("a name");
    request.set_path_with_query(Some("/")).expect("a path");
    let body = request.body().expect("a body");
    let _answer = wasip2::http::outgoing_handler::handle(request, None).expect("under way");
    body.write().expect("a stream").blocking_write_and_flush(b"half").expect("written");
    wasip2::cli::exit::exit(Err(()));
}

/// Asks a server, `host:port/path`, with so many bytes to it.
fn fetch(place: &str, bytes: usize) -> String {
    let (authority, path) = place.split_once('/').unwrap_or((place, ""));
    let request = OutgoingRequest::new(Fields::new());
    request.set_method(&Method::Post).expect("a method");
    request.set_scheme(Some(&Scheme::Http)).expect("a scheme");
    let Ok(()) = request.set_authority(Some(authority)) else { return "no authority".to_owned() };
    let Ok(()) = request.set_path_with_query(Some(&format!("/{path}"))) else { return "no path".to_owned() };
    let body = request.body().expect("a body");
    let answer = match wasip2::http::outgoing_handler::handle(request, None) {
        Ok(answer) => answer,
        Err(fault) => return format!("{fault:?}"),
    };
    let stream = body.write().expect("a stream");
    for _ in 0..bytes.div_ceil(4096) {
        if stream.blocking_write_and_flush(&vec![b'y'; bytes.min(4096)]).is_err() {
            break;
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
    answer.subscribe().block();
    match answer.get().expect("ready").expect("once") {
        Ok(answer) => {
            let body = answer.consume().expect("a body");
            let content = read(&body.stream().expect("a stream"));
            format!("{} {}", answer.status(), String::from_utf8_lossy(&content))
        }
        Err(fault) => format!("{fault:?}"),
    }
}
