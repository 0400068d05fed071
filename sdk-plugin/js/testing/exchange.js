// Requests that a plugin sends, as a test answers them. It deliberately opens no connection.

import { Body } from "./host/body.js";
import { toBody, toResponse } from "../src/http.js";
import { rule, state, wanted } from "./state.js";

export function send(kind, outgoing) {
  wanted(kind);
  const { method, headers } = outgoing;
  const target = outgoing.url ?? outgoing.target;
  const body = outgoing.body && new TextDecoder().decode(outgoing.body.readAll(Infinity));
  const sent = { method, target, headers: Object.fromEntries(headers), body };
  state.sent.push(sent);
  const answer = toResponse(rule(kind, `${method} ${target}`)(sent));
  return { status: answer.status, headers: [...answer.headers], body: toBody(answer.body) ?? new Body([]) };
}
