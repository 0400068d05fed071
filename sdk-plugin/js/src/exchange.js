// What asking servers outside and asking routes of this instance have in common. It deliberately sends nothing itself.

import { ask, problem } from "./problem.js";
import { Headers, Response, toBody } from "./http.js";

/** Sends a message by a host's `send`, and gives its answer as a Response. */
export function exchange(send, place, { method = "GET", headers, body, ...more } = {}) {
  const outgoing = { method: method.toUpperCase(), ...place, headers: [...new Headers(headers)], body: toBody(body), ...more };
  const { status, headers: received, body: content } = ask(() => send(outgoing));
  return new Response(content, { status, headers: received });
}

/** Refuses what the Fetch standard has and the host does not: it would be ignored in silence. */
export function known(options, names, code) {
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown) throw problem(code, `There is no option \`${unknown}\` here; there are ${names.join(", ")}`);
}
