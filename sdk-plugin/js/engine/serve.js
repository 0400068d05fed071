// From the contract's calls to the author's functions and back. What they throw arrives in the log with its stack; the caller
// learns only what a Problem says.

import { Headers, Request, Response, toBody, toRecord, toResponse } from "../src/http.js";
import * as problems from "../src/problem.js";
import { wait } from "./promise.js";

/** What `export default` gave: a handler, or what a plugin exports by name. */
const parts = (plugin) => (typeof plugin === "function" ? { handle: plugin } : plugin);

export function handler(plugin) {
  const { handle } = parts(plugin);
  if (typeof handle !== "function") throw new TypeError("the manifest has routes, and `export default` is no handler for them");
  const answer = async (request) => toRecord(toResponse(await handle(request)));
  return { handle: (host) => call(host, answer) };
}

export function filter(plugin) {
  const { before, after } = parts(plugin);
  if (!before && !after) throw new TypeError("the manifest has a filter, and `export default` neither `before` nor `after`");
  const look = async (request) => {
    const answer = await before?.(request);
    return answer === undefined || answer === null ? null : toRecord(toResponse(answer));
  };
  return {
    before: (host) => call(host, look),
    after: (host, reply) => call(host, async (request) => void (await after?.(request, new Reply(reply)))),
  };
}

function call(host, work) {
  try {
    return wait(work(new Request(host)));
  } catch (error) {
    throw problems.toRecord(error instanceof problems.Problem ? error : unforeseen(error));
  } finally {
    // A borrowed one is the host's again by itself.
    host[Symbol.dispose]?.call(host);
  }
}

/** An error that nobody wrote for callers to read. */
function unforeseen(error) {
  console.error(error instanceof Error ? error : `thrown: ${String(error)}`);
  return problems.problem("plugin.failed", "The plugin failed", { hint: "its log has the reason" });
}

/** An answer on its way out. */
class Reply {
  #host;

  constructor(host) {
    this.#host = host;
  }

  get status() {
    return this.#host.status();
  }

  set status(status) {
    problems.ask(() => this.#host.setStatus(status));
  }

  get headers() {
    return new Headers(this.#host.headers());
  }

  get digest() {
    return this.#host.digest();
  }

  get body() {
    return this.#host.body();
  }

  set body(content) {
    this.#host.setBody(toBody(content));
  }

  setHeader(name, value) {
    problems.ask(() => this.#host.setHeader(name.toLowerCase(), value));
  }

  removeHeader(name) {
    this.#host.removeHeader(name.toLowerCase());
  }
}
