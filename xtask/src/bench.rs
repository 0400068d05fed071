//! `cargo xtask bench`: measures the product, and stores the figures as JSON. Not wired into `main.rs` yet.
//!
//! It measures from outside, over HTTP; it sets no targets.
