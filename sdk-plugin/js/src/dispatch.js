// Asking routes of this very instance, as the caller of the request being answered. What is outside is another capability's.

import { send } from "#host/dispatch";
import { exchange, known } from "./exchange.js";

export async function dispatch(target, options = {}) {
  known(options, ["method", "headers", "body"], "dispatch.invalid");
  return exchange(send, { target: String(target) }, options);
}
