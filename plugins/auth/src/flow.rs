//! One module for each thing that people come for. A flow reads, asks the kernel and renders; it deliberately decides nothing
//! about who somebody is: proofs are the kernel's.

pub(crate) mod admin;
pub(crate) mod closed;
pub(crate) mod factor;
pub(crate) mod info;
pub(crate) mod link;
pub(crate) mod recovery;
pub(crate) mod session;
pub(crate) mod sign_up;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod verify;
