// A host in memory, for tests that need no wasm and no kernel: `node --test`. It answers as a test scripts it, and keeps what the
// plugin did. It deliberately imitates neither Postgres nor the operator: whether a statement is right, and what is granted, a
// kernel says (`basalt plugin dev`).

import { readFileSync } from "node:fs";
import { Body } from "./host/body.js";
import { Request, toResponse } from "../src/http.js";
import { Problem } from "../src/problem.js";
import { Manifest } from "./manifest.js";
import { begin } from "./state.js";

export class Host {
  #plugin;
  #state;

  constructor(plugin, manifest) {
    this.#plugin = plugin;
    this.#state = begin(new Manifest(readFileSync(manifest, "utf8")));
  }

  /** Sends a request for a path and, after `?`, a query; what the plugin throws, this throws. */
  async request(method, target, options = {}) {
    return toResponse(await this.#plugin(new Request(this.#asked(method, target, options))));
  }

  #asked(method, target, { headers = {}, body, json, role = "anon" }) {
    const [path, query = null] = target.split("?");
    const head = this.#state.manifest.head(method, path);
    if (!head) throw new Problem("http.not-found", `the manifest has no route for ${method} ${path}`);
    const content = json === undefined ? body : JSON.stringify(json);
    const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
    return new Asked({ ...head, query }, named, content, role);
  }

  setting(key, value) {
    this.#state.settings[key] = value;
  }

  secret(name, value) {
    this.#state.secrets[name] = value;
  }

  relation(description) {
    this.#state.relations.push(description);
  }

  /** Stops the clock at this time. */
  setTime(now) {
    this.#state.now = now;
  }

  /** Answers the statements that this text is part of, with rows; of several rules that fit, the latest answers. */
  onSql(text, answer) {
    this.#state.rules.push({ kind: "sql", text, answer });
  }

  /** Answers the requests of `fetch` that this text is part of: `POST https://api.stripe.com/v1/charges`, or a part of it. */
  onFetch(text, answer) {
    this.#state.rules.push({ kind: "fetch", text, answer });
  }

  /** Answers the requests of `dispatch` that this text is part of. */
  onDispatch(text, answer) {
    this.#state.rules.push({ kind: "dispatch", text, answer });
  }

  /** Answers a function of `identity`, by its name here: `verifyPassword`. A proof is `{ user, method }`. */
  onIdentity(name, answer) {
    this.#state.rules.push({ kind: "identity", text: name, answer });
  }

  /** The statements that the plugin ran, with `begin`, `commit` and `rollback`. */
  get statements() {
    return this.#state.statements;
  }

  /** The requests that the plugin sent, inside and outside. */
  get sent() {
    return this.#state.sent;
  }

  /** The lines that the plugin wrote. */
  get log() {
    return this.#state.log;
  }
}

/** A request as the contract has it. */
class Asked {
  #head;
  #headers;
  #content;
  #role;

  constructor(head, headers, content, role) {
    [this.#head, this.#headers, this.#content, this.#role] = [head, headers, content, role];
  }

  id = () => "00000000-0000-7000-8000-000000000000";
  head = () => this.#head;
  headers = () => this.#headers;
  header = (name) => this.#headers.find(([known]) => known === name)?.[1] ?? null;
  body = () => (this.#content === undefined ? null : Body.of(this.#content));
  role = () => this.#role;
  authenticated = () => this.#role !== "anon";
}
