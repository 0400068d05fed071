// `Date` and `performance` over the host's clock: the engine has none of its own.

export function install(clock) {
  const now = clock ? () => clock.now() : refuse("Date.now()", "clock");
  const elapsed = clock ? () => clock.monotonic() : refuse("performance.now()", "clock");
  globalThis.Date = class Date extends globalThis.Date {
    constructor(...values) {
      super(...(values.length === 0 ? [now()] : values));
    }

    static now() {
      return now();
    }
  };
  globalThis.performance = { now: elapsed };
}

/** What is used without being wanted says so, where it would be a crash without words. */
export const refuse = (what, capability) => () => {
  throw new Error(`${what} needs [want.${capability}] in plugin.toml`);
};
