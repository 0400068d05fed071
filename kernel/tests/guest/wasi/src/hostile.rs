//! What a program of WASI tries that wants out of its sandbox, or more than its share. It answers no request.

use wasip2::cli::{environment, exit, stderr, stdin, stdout, terminal_stdout};
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::filesystem::preopens;
use wasip2::http::types::{Fields, Method, OutgoingRequest};
use wasip2::random::{insecure, random};
use wasip2::sockets::network::IpAddressFamily;
use wasip2::sockets::{instance_network, ip_name_lookup, tcp_create_socket, udp_create_socket};

pub(crate) fn attempt(what: &str, query: &str) -> String {
    let times = query.parse().unwrap_or(1);
    match what {
        "environment" => format!(
            "{:?} {:?} {:?} {}",
            environment::get_environment(),
            environment::get_arguments(),
            environment::initial_cwd(),
            terminal_stdout::get_terminal_stdout().is_some(),
        ),
        "files" => format!("{:?}", preopens::get_directories().len()),
        "stdin" => format!("{:?}", stdin::get_stdin().blocking_read(100)),
        "tcp" => format!("{:?}", tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4).err()),
        "udp" => format!("{:?}", udp_create_socket::create_udp_socket(IpAddressFamily::Ipv6).err()),
        "dns" => {
            let network = instance_network::instance_network();
            format!("{:?}", ip_name_lookup::resolve_addresses(&network, "localhost").err())
        }
        "clock" => format!("{} {}", wall_clock::now().seconds, monotonic_clock::now()),
        "random" => format!("{} {}", random::get_random_u64(), random::get_random_bytes(times).len()),
        "insecure" => insecure::get_insecure_random_bytes(times).len().to_string(),
        "print" => print(times),
        "endless" => loop {
            stdout::get_stdout().blocking_write_and_flush(&[b'z'; 4096]).expect("written");
        },
        "exit" => {
            stderr::get_stderr().blocking_write_and_flush(b"good bye").expect("written");
            exit::exit(if query == "well" { Ok(()) } else { Err(()) });
            String::new()
        }
        "sleep" => {
            monotonic_clock::subscribe_duration(times * 1_000_000_000).block();
            "slept".to_owned()
        }
        "nap" => {
            monotonic_clock::subscribe_duration(1_000_000).block();
            "slept".to_owned()
        }
        "spin" => loop {
            monotonic_clock::subscribe_duration(0).block();
        },
        "pollables" => {
            std::mem::forget((0..times).map(|_| monotonic_clock::subscribe_duration(1)).collect::<Vec<_>>());
            "kept".to_owned()
        }
        "streams" => {
            std::mem::forget((0..times).map(|_| stdout::get_stdout()).collect::<Vec<_>>());
            "kept".to_owned()
        }
        "fields" => {
            std::mem::forget((0..times).map(|_| heavy()).collect::<Vec<_>>());
            "kept".to_owned()
        }
        "words" => {
            let request = OutgoingRequest::new(Fields::new());
            let long = "a".repeat(2 << 10);
            let method = request.set_method(&Method::Other(long.clone()));
            format!("{method:?} {:?} {:?}", request.set_authority(Some(&long)), request.set_authority(Some("short")))
        }
        other => format!("{other} is nothing to try"),
    }
}

fn print(lines: u64) -> String {
    let (output, error) = (stdout::get_stdout(), stderr::get_stderr());
    for line in 0..lines {
        // In pieces, as programs write.
        for piece in ["line ", &line.to_string(), " to \u{1b}[2Jsee\r\n"] {
            output.blocking_write_and_flush(piece.as_bytes()).expect("written");
        }
    }
    error.blocking_write_and_flush(b"\n\nno end").expect("written");
    "printed".to_owned()
}

/// Nearly as many headers as are taken.
fn heavy() -> Fields {
    let fields = Fields::new();
    for _ in 0..7 {
        fields.append("x-heavy", &[b'h'; 8 << 10]).expect("taken");
    }
    fields
}
