// From the contract's call to the author's handler and back. What that throws arrives in the log with its place; the caller learns only
// what a Problem says. Filters are not here: the engine gives what it borrowed back too late for them.

import { Request, toRecord, toResponse } from "../src/http.js";
import * as problems from "../src/problem.js";
import { wait } from "./promise.js";

/** What a plugin with routes exports. */
export function handler(handle) {
  if (typeof handle !== "function") throw new TypeError("`export default` has to be a handler, a function of a request");
  const answer = async (request) => toRecord(toResponse(await handle(request)));
  return { handle: (host) => call(host, answer) };
}

function call(host, answer) {
  try {
    return wait(answer(new Request(host)));
  } catch (error) {
    throw problems.toRecord(error instanceof problems.Problem ? error : unforeseen(error));
  } finally {
    // An instance that keeps something of the host's is not used again.
    host[Symbol.dispose]();
  }
}

/** An error that nobody wrote for callers to read. */
function unforeseen(error) {
  console.error(error instanceof Error ? error : `thrown: ${String(error)}`);
  return problems.problem("plugin.failed", "The plugin failed", { hint: "its log has the reason" });
}
