//! The fixture of streams: answers in pieces, well and badly, one way a path.

mod events;
mod incoming;

use std::cell::RefCell;
use std::time::Duration;

use sdk_plugin::stream::Stream;
use sdk_plugin::{Body, Problem, Request, Response, log, plugin};

plugin!(handle);

fn handle(request: Request) -> Result<Response, Problem> {
    if request.route() == "in" {
        return incoming::handle(&request);
    }
    let count = request.query().and_then(|count| count.parse().ok()).unwrap_or(3_u64);
    match request.param("what").as_deref() {
        Some("rows") => rows(count),
        Some("events") => events::numbers(&request),
        Some("answer") => Ok(Response::new(200).text("at once")),
        Some("bodies") => bodies(&request),
        Some("twice") => twice(),
        Some("header") => Response::new(200).header("x-evil", "a\r\nb").stream()?.finish(),
        Some("before") => Err(Problem::new("test.before", "before the head")),
        Some("after") => {
            begin()?;
            Err(Problem::new("test.after", "after the head"))
        }
        Some("late") => late(count),
        Some("trap") => {
            let _begun = begin()?;
            pause_and_panic(_begun)
        }
        Some("dropped") => begin().map(|_| Response::new(200)),
        Some("kept") => {
            let begun = begin()?;
            KEPT.with(|kept| kept.replace(Some(begun)));
            Ok(Response::new(200))
        }
        Some("endless") => endless(&[b'x'; 16 << 10]),
        Some("drops") => drops(count),
        Some("sleep") => {
            let mut begun = begin()?;
            begun.pause(Duration::from_secs(3600))?;
            begun.finish()
        }
        Some("compute") => {
            let _begun = begin()?;
            compute()
        }
        Some("stubborn") => stubborn(),
        _ => Ok(Response::new(404)),
    }
}

thread_local! {
    static KEPT: RefCell<Option<Stream>> = const { RefCell::new(None) };
}

fn begin() -> Result<Stream, Problem> {
    Response::new(200).header("content-type", "text/plain").header("x-kept", "1").text("begun\n").stream()
}

fn rows(count: u64) -> Result<Response, Problem> {
    let mut file = Response::new(200).header("content-type", "text/csv; charset=utf-8").stream()?;
    file.write("id,square\n")?;
    for id in 1..=count {
        file.write(format!("{id},{}\n", id * id))?;
    }
    file.finish()
}

/// What the host holds, between brackets.
fn bodies(request: &Request) -> Result<Response, Problem> {
    let mut answer = Response::new(201).text("[").stream()?;
    answer.write_body(request.body().unwrap_or_else(|| Body::from_text("none")))?;
    answer.write("]")?;
    answer.finish()
}

fn twice() -> Result<Response, Problem> {
    let mut first = Response::new(200).stream()?;
    let second = Response::new(200).stream();
    first.write(second.err().map(|problem| problem.code).unwrap_or_default())?;
    first.finish()
}

/// So much, and then a problem.
fn late(count: u64) -> Result<Response, Problem> {
    let mut answer = begin()?;
    (0..count).try_for_each(|_| answer.write([b'x'; 1024]))?;
    answer.pause(Duration::from_millis(50))?;
    Err(Problem::new("test.late", "too late for an answer"))
}

fn pause_and_panic(mut begun: Stream) -> Result<Response, Problem> {
    begun.pause(Duration::from_millis(50))?;
    panic!("in the middle");
}

/// Until nobody takes it, which is noted in the log.
fn endless(piece: &[u8]) -> Result<Response, Problem> {
    let mut answer = begin()?;
    loop {
        answer.write(piece).inspect_err(|problem| log::info(&format!("left with {}", problem.code)))?;
    }
}

fn drops(count: u64) -> Result<Response, Problem> {
    let mut answer = begin()?;
    (0..count).try_for_each(|_| answer.write(b"x"))?;
    answer.finish()
}

fn compute() -> ! {
    let mut number = 0_u64;
    loop {
        number = std::hint::black_box(number.wrapping_add(1));
    }
}

/// Goes on when nobody is there.
fn stubborn() -> Result<Response, Problem> {
    let mut answer = begin()?;
    loop {
        let _ = answer.write([0; 1 << 10]);
    }
}
