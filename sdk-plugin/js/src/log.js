// Lines in the kernel's log, marked with the plugin and the request. `console` writes there too.

import { write } from "#host/log";

const line = (level) => (message, fields = {}) => {
  write(level, String(message), Object.entries(fields).map(([name, value]) => [name, text(value)]));
};

const text = (value) => (typeof value === "string" ? value : (JSON.stringify(value) ?? String(value)));

export const trace = line("trace");
export const debug = line("debug");
export const info = line("info");
export const warn = line("warn");
export const error = line("error");
