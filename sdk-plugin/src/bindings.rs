//! The contract as Rust, generated from `wit/`. It deliberately adds nothing: the modules beside it give these types
//! their methods.

// Generated code: its unsafe blocks are the component model's calling convention, its docs are in the WIT.
#![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, clippy::disallowed_types)]

wit_bindgen::generate!({
    path: [
        "../wit/types",
        "../wit/http",
        "../wit/sql",
        "../wit/schema",
        "../wit/log",
        "../wit/clock",
        "../wit/random",
        "../wit/settings",
        "../wit/plugin",
    ],
    world: "basalt:plugin/http-plugin",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export",
    default_bindings_module: "sdk_plugin::bindings",
});
