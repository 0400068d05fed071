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
        "../wit/dispatch",
        "../wit/fetch",
        "../wit/secret",
        "../wit/plugin",
    ],
    world: "basalt:plugin/http-plugin",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export",
    default_bindings_module: "sdk_plugin::bindings",
});

/// What a filter exports; everything that it imports is the same as above.
pub mod filtering {
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
            "../wit/dispatch",
            "../wit/fetch",
            "../wit/secret",
            "../wit/plugin",
        ],
        world: "basalt:plugin/filter-plugin",
        with: {
            "basalt:types/problem@0.1.0": crate::bindings::basalt::types::problem,
            "basalt:types/body@0.1.0": crate::bindings::basalt::types::body,
            "basalt:http/types@0.1.0": crate::bindings::basalt::http::types,
            "basalt:http/streaming@0.1.0": crate::bindings::basalt::http::streaming,
            "basalt:sql/sql@0.1.0": crate::bindings::basalt::sql::sql,
            "basalt:schema/schema@0.1.0": crate::bindings::basalt::schema::schema,
            "basalt:log/log@0.1.0": crate::bindings::basalt::log::log,
            "basalt:clock/clock@0.1.0": crate::bindings::basalt::clock::clock,
            "basalt:random/random@0.1.0": crate::bindings::basalt::random::random,
            "basalt:settings/settings@0.1.0": crate::bindings::basalt::settings::settings,
            "basalt:dispatch/dispatch@0.1.0": crate::bindings::basalt::dispatch::dispatch,
            "basalt:fetch/fetch@0.1.0": crate::bindings::basalt::fetch::fetch,
            "basalt:secret/secret@0.1.0": crate::bindings::basalt::secret::secret,
        },
        pub_export_macro: true,
        export_macro_name: "export_filter",
        default_bindings_module: "sdk_plugin::bindings::filtering",
    });
}
