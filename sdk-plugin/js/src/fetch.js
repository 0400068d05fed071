// Asking servers outside, as far as the operator named them. It deliberately follows no redirects: each is an answer.

import { send } from "#host/fetch";
import { exchange, known } from "./exchange.js";

export async function fetch(url, options = {}) {
  known(options, ["method", "headers", "body", "timeout"], "fetch.invalid");
  const { timeout = null, ...rest } = options;
  return exchange(send, { url: String(url) }, { ...rest, timeoutMs: timeout });
}
