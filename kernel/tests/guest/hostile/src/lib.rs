//! A plugin that does its worst, one attack a path; `good` behaves, to show that nobody else is hurt.

// What it attacks, handles and the host, there is in wasm only.
#![cfg(target_arch = "wasm32")]

mod handle;
mod host;

use sdk_plugin::{Problem, Request, Response, log, plugin};

plugin!(handle);

fn handle(request: Request) -> Result<Response, Problem> {
    match request.param("attack").as_deref() {
        Some("good") => {}
        Some("loop") => endless(),
        Some("fill") => fill(),
        Some("memory") => memory(),
        Some("stack") => drop(deep(1)),
        Some("trap") => core_trap(),
        Some("panic") => panic!("on purpose"),
        Some("large") => return Ok(Response::new(200).bytes(vec![b'x'; 40 << 20])),
        Some("long") => return Ok(Response::new(200).body(host::pieces(2))),
        Some("huge") => return Ok(Response::new(200).body(host::pieces(25))),
        Some("calls") => (0..1_000_000).for_each(|_| drop(request.method())),
        Some("bodies") => host::hoard_bytes(),
        Some("parts") => host::hoard_parts(),
        Some("handles") => handle::hoard(),
        Some("forged") => handle::forge(),
        Some("stale") => handle::revive(),
        Some("kept") => return Ok(Response::new(200).text(handle::keep())),
        Some("log") => (0..10_000).for_each(|line| log::info(&format!("flood {line}"))),
        Some("shout") => (0..1_000_000).for_each(|_| log::info("louder")),
        _ => return Ok(Response::new(404)),
    }
    Ok(Response::new(200).text("well"))
}

fn endless() {
    let mut number = 0_u64;
    loop {
        number = std::hint::black_box(number.wrapping_add(1));
    }
}

/// Few instructions that take long: fuel alone would let this run for hours.
fn fill() {
    let mut block = vec![0_u8; 8 << 20];
    loop {
        std::hint::black_box(&mut block).fill(1);
    }
}

fn memory() {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    loop {
        kept.push(vec![1; 1 << 20]);
        std::hint::black_box(&kept);
    }
}

/// Recursion that no optimiser can turn into a loop: each frame is read after the call.
#[inline(never)]
fn deep(depth: u64) -> u64 {
    let mut frame = std::hint::black_box([depth; 64]);
    let again: fn(u64) -> u64 = std::hint::black_box(deep);
    frame[(depth % 64) as usize] = again(depth.wrapping_add(1));
    std::hint::black_box(&frame).iter().fold(0, |sum, value| sum ^ value)
}

fn core_trap() {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
}
