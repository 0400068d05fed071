// `clock`: Node's, or the time that the test stopped it at.

import { state, wanted } from "../state.js";

export function now() {
  wanted("clock");
  return (state.now ? state.now.getTime() : Date.now()) * 1000;
}

export function monotonic() {
  wanted("clock");
  return performance.now() * 1e6;
}
