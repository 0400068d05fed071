//! Exporting a handler from a plugin's crate. It deliberately knows no capability but `log`, and that only on request.

/// Exports `handle`, a `fn(Request) -> Result<Response, Problem>`, as this plugin's answer to HTTP requests.
///
/// With `plugin!(handle, log)` a panic is also written to the kernel's log, with its place; the plugin then imports
/// `log`, so its manifest must want it. Without, the operator sees only that the plugin trapped.
#[macro_export]
macro_rules! plugin {
    ($handle:path) => {
        $crate::plugin!(@export $handle, {});
    };
    ($handle:path, log) => {
        $crate::plugin!(@export $handle, $crate::internal::log_panics());
    };
    (@export $handle:path, $prepare:expr) => {
        // The exported symbols need `unsafe`, which a plugin's own code does not. Natively, where its stages are tested,
        // nothing is exported: linkers refuse the component model's names.
        #[allow(dead_code, unsafe_code, missing_docs, unreachable_pub)]
        mod basalt_plugin {
            #[allow(unused_imports)]
            use super::*;

            pub struct Plugin;

            impl $crate::internal::Guest for Plugin {
                fn handle(request: $crate::Request) -> ::core::result::Result<$crate::Response, $crate::Problem> {
                    $prepare;
                    $handle(request)
                }
            }

            #[cfg(target_arch = "wasm32")]
            $crate::internal::export!(Plugin with_types_in $crate::bindings);
        }
    };
}

/// Exports a type that implements [`Filter`](crate::Filter), as what this plugin does in front of handlers and behind
/// them. Its manifest needs a `[filter]`. With `filter!(Type, log)` panics are logged, as with [`plugin!`](crate::plugin).
#[macro_export]
macro_rules! filter {
    ($filter:ty) => {
        $crate::filter!(@export $filter, {});
    };
    ($filter:ty, log) => {
        $crate::filter!(@export $filter, $crate::internal::log_panics());
    };
    (@export $filter:ty, $prepare:expr) => {
        #[allow(dead_code, unsafe_code, missing_docs, unreachable_pub)]
        mod basalt_filter {
            #[allow(unused_imports)]
            use super::*;

            pub struct Plugin;

            impl $crate::internal::FilterGuest for Plugin {
                fn before(
                    request: &$crate::Request,
                ) -> ::core::result::Result<::core::option::Option<$crate::Response>, $crate::Problem> {
                    $prepare;
                    <$filter as $crate::Filter>::before(request)
                }

                fn after(
                    request: &$crate::Request,
                    reply: &$crate::Reply,
                ) -> ::core::result::Result<(), $crate::Problem> {
                    $prepare;
                    <$filter as $crate::Filter>::after(request, reply)
                }
            }

            #[cfg(target_arch = "wasm32")]
            $crate::internal::export_filter!(Plugin with_types_in $crate::bindings::filtering);
        }
    };
}

/// Makes panics of this instance appear in the kernel's log, each in one line. Cheap after the first call.
pub fn log_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|panic| crate::log::error(&one_line(panic)))));
}

/// `panicked at src/lib.rs:12:5: index out of bounds`, so that editors and terminals open the place.
fn one_line(panic: &std::panic::PanicHookInfo<'_>) -> String {
    let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
    format!("panicked{place}: {}", panic.payload_as_str().unwrap_or("no message"))
}
