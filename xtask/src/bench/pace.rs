//! A load at a fixed rate, for latencies: a load that waits for its answers asks less when they are late, and hides it.
//!
//! It is far below what the kernel can do. How much that is, is `load.rs`'s business.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

/// Connections, each with its own clock.
const CONNECTIONS: u32 = 4;

/// Between two requests of one connection; 1,000 requests a second in all.
const PERIOD: Duration = Duration::from_millis(4);

/// What is asked, again and again.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) address: &'a str,
    pub(crate) path: &'a str,
    /// Who asks; nobody in particular when there is none.
    pub(crate) token: Option<&'a str>,
}

/// The latency in microseconds that 99 of 100 requests stay below. One failed request fails the measurement.
pub(crate) fn p99_us(question: Question<'_>, time: Duration) -> anyhow::Result<f64> {
    let mut all = std::thread::scope(|scope| {
        let ask = |at: u32| scope.spawn(move || connection(question, PERIOD / CONNECTIONS * at, time));
        let asking: Vec<_> = (0..CONNECTIONS).map(ask).collect();
        let latencies = asking.into_iter().map(|asking| asking.join().expect("no panic"));
        Ok::<_, anyhow::Error>(latencies.collect::<anyhow::Result<Vec<_>>>()?.concat())
    })?;
    all.sort();
    let at = all.len() * 99 / 100;
    Ok(all.get(at).context("nothing was asked")?.as_secs_f64() * 1e6)
}

fn connection(question: Question<'_>, offset: Duration, time: Duration) -> anyhow::Result<Vec<Duration>> {
    let stream = TcpStream::connect(question.address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut reader = BufReader::new(stream);
    let credentials = question.token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let request = format!("GET {} HTTP/1.1\r\nHost: {}\r\n{credentials}\r\n", question.path, question.address);
    let start = Instant::now() + offset;
    let dues = (0..).map(|turn| start + PERIOD * turn).take_while(|due| *due < start + time);
    // Of a kernel that hardly answers enough was seen then.
    let dues = dues.take_while(|_| start.elapsed() < 3 * time);
    dues.map(|due| one(&mut reader, &request, due)).collect()
}

/// From when the request was due if an earlier answer made it late, else from when it was sent: that this thread woke late
/// is not the kernel's doing.
fn one(reader: &mut BufReader<TcpStream>, request: &str, due: Instant) -> anyhow::Result<Duration> {
    let wait = due.saturating_duration_since(Instant::now());
    #[expect(clippy::disallowed_methods, reason = "a rate is kept by the clock")]
    std::thread::sleep(wait);
    let from = if wait.is_zero() { due } else { Instant::now() };
    reader.get_mut().write_all(request.as_bytes())?;
    read_answer(reader)?;
    Ok(from.elapsed())
}

fn read_answer(reader: &mut BufReader<TcpStream>) -> anyhow::Result<()> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    ensure!(line.starts_with("HTTP/1.1 200 "), "a good request was answered {line:?}");
    let mut length = None;
    loop {
        line.clear();
        ensure!(reader.read_line(&mut line)? > 0, "the answer ended within its head");
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().ok(),
            Some(_) => {}
            None => break,
        }
    }
    let Some(length) = length else { bail!("the answer has no length") };
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    Ok(())
}
