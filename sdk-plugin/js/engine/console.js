// `console`, into the kernel's log. Without a log it is silent: a library that talks must not make a plugin want one.

import { inspect } from "./inspect.js";

export function install(log) {
  const to = (level) => (...values) => log?.[level](values.map(inspect).join(" "));
  const [debug, info, warn, error, trace] = ["debug", "info", "warn", "error", "trace"].map(to);
  const assert = (holds, ...values) => void (holds || error("Assertion failed:", ...values));
  globalThis.console = { assert, debug, error, info, log: info, trace, warn };
}
