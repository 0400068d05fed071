// `log`, kept for the test to look at.

import { state, wanted } from "../state.js";

export function write(level, message, fields) {
  wanted("log");
  state.log.push({ level, message, fields: Object.fromEntries(fields) });
}
