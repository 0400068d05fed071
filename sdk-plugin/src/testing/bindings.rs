//! The contract as Rust, natively: the names and shapes that `wit-bindgen` generates for wasm, implemented by the host of
//! [`crate::testing`]. It deliberately has no behaviour of its own.

// The documentation of these items is the contract's; `cargo doc --target wasm32-unknown-unknown` shows it.
#![allow(missing_docs, clippy::module_inception)]

pub mod basalt {
    pub mod types {
        pub mod problem {
            pub use crate::testing::problem::Problem;
        }
        pub mod body {
            pub use crate::testing::body::Body;
        }
    }
    pub mod http {
        pub mod types {
            pub use crate::testing::http::{Content, Head, Header, Reply, Request, Response};
        }
        pub mod streaming {
            pub use crate::testing::streaming::{Writer, respond};
        }
    }
    pub mod sql {
        pub mod sql {
            pub use crate::testing::sql::{
                Access, Column, Mode, Options, Parameter, Rows, Transaction, begin, begin_with, query, query_with,
            };
        }
    }
    pub mod schema {
        pub mod schema {
            pub use crate::testing::schema::{describe, function, relation, relation_now, relations, schemas, version};
        }
    }
    pub mod log {
        pub mod log {
            pub use crate::testing::log::{Level, write};
        }
    }
    pub mod clock {
        pub mod clock {
            pub use crate::testing::clock::{monotonic, now};
        }
    }
    pub mod random {
        pub mod random {
            pub use crate::testing::random::{bytes, number};
        }
    }
    pub mod settings {
        pub mod settings {
            pub use crate::testing::settings::get;
        }
    }
    pub mod secret {
        pub mod secret {
            pub use crate::testing::secret::get;
        }
    }
    pub mod dispatch {
        pub mod dispatch {
            pub use crate::testing::dispatch::{Answer, Outgoing, send};
        }
    }
    pub mod identity {
        pub mod identity {
            pub use crate::testing::identity::{
                Account, Proof, Reach, audit, challenge, create_user, current, decoy, delete_user, end_session,
                end_sessions, enrol, find_user, impersonate, issue, keys, list_users, policy, recover, recovery_codes,
                redeem, redeem_hash, refresh, reset_attempts, sessions, sign_out, sign_up, start_session, unenrol,
                update_user, verify, verify_password, vouch,
            };
        }
    }
    pub mod fetch {
        pub mod fetch {
            pub use crate::testing::fetch::{Incoming, Outgoing, send};
        }
    }
}

pub mod exports {
    pub mod basalt {
        pub mod http {
            pub mod handler {
                use crate::{Problem, Request, Response};

                pub trait Guest {
                    fn handle(request: Request) -> Result<Response, Problem>;
                }
            }
        }
    }
}

pub mod filtering {
    pub mod exports {
        pub mod basalt {
            pub mod http {
                pub mod filter {
                    use crate::{Problem, Reply, Request, Response};

                    pub trait Guest {
                        fn before(request: &Request) -> Result<Option<Response>, Problem>;
                        fn after(request: &Request, reply: &Reply) -> Result<(), Problem>;
                    }
                }
            }
        }
    }
}
