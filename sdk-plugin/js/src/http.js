// Requests and responses, shaped like those of the Fetch standard as far as they go. What is asked of a request is asked of the
// host at that moment; a body stays there until it is read, and one that is handed on never enters the plugin.

import { Body } from "#host/body";
import { ask, problem } from "./problem.js";

export { Body };

/** The most that is read into memory at once: what the host copies in one call. */
const LIMIT = 16 * 1024 * 1024;

/** Headers by their names, whatever the case of those. */
export class Headers {
  #entries;

  constructor(from = []) {
    const entries = typeof from[Symbol.iterator] === "function" ? [...from] : Object.entries(from);
    this.#entries = entries.map(([name, value]) => [name.toLowerCase(), String(value)]);
  }

  get(name) {
    const values = this.#entries.filter(([known]) => known === name.toLowerCase()).map(([, value]) => value);
    return values.length === 0 ? null : values.join(", ");
  }

  has(name) {
    return this.get(name) !== null;
  }

  set(name, value) {
    this.delete(name);
    this.append(name, value);
  }

  append(name, value) {
    this.#entries.push([name.toLowerCase(), String(value)]);
  }

  delete(name) {
    this.#entries = this.#entries.filter(([known]) => known !== name.toLowerCase());
  }

  [Symbol.iterator]() {
    return this.#entries.values();
  }
}

/** What has content: text, bytes, bytes of the host, or none. */
class Message {
  #content;

  constructor(content) {
    this.#content = content ?? null;
  }

  get body() {
    return this.#content;
  }

  async bytes() {
    const content = this.body;
    if (content instanceof Body) return ask(() => content.readAll(LIMIT));
    return typeof content === "string" ? new TextEncoder().encode(content) : (content ?? new Uint8Array());
  }

  async text() {
    const content = this.body;
    if (typeof content === "string") return content;
    const bytes = await this.bytes();
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      throw problem("body.invalid", "The body is not UTF-8");
    }
  }

  async json() {
    const text = await this.text();
    try {
      return JSON.parse(text);
    } catch (error) {
      throw problem("body.invalid", text === "" ? "The request has no body" : `The body is not JSON: ${error.message}`);
    }
  }
}

/** The request being answered. */
export class Request extends Message {
  #host;
  #head;
  #query;

  constructor(host) {
    super(null);
    this.#host = host;
    this.#head = host.head();
  }

  get id() {
    return this.#host.id();
  }

  get method() {
    return this.#head.method;
  }

  get route() {
    return this.#head.route;
  }

  get path() {
    return this.#head.path;
  }

  get mount() {
    return this.#head.mount;
  }

  get params() {
    return Object.fromEntries(this.#head.params);
  }

  get query() {
    return (this.#query ??= new URLSearchParams(this.#head.query ?? ""));
  }

  get headers() {
    return new Headers(this.#host.headers());
  }

  /** One header, without copying the others. */
  header(name) {
    return this.#host.header(name.toLowerCase());
  }

  get body() {
    return this.#host.body();
  }

  get role() {
    return this.#host.role();
  }

  get authenticated() {
    return this.#host.authenticated();
  }
}

/** An answer: of this plugin, or of a server that it asked. */
export class Response extends Message {
  constructor(content = null, { status = 200, headers } = {}) {
    super(content);
    this.status = status;
    this.headers = new Headers(headers);
  }

  static json(value, { status, headers } = {}) {
    const response = new Response(JSON.stringify(value), { status, headers });
    if (!response.headers.has("content-type")) response.headers.set("content-type", "application/json; charset=utf-8");
    return response;
  }

  get ok() {
    return this.status >= 200 && this.status < 300;
  }
}

/** What a handler returned, as an answer: a Response is one, text is text, nothing is 204, and everything else is JSON. */
export function toResponse(value) {
  if (value instanceof Response) return value;
  if (value === undefined || value === null) return new Response(null, { status: 204 });
  return typeof value === "string" ? new Response(value) : Response.json(value);
}

/** An answer as the contract has it. */
export function toRecord(response) {
  const headers = [...response.headers];
  if (typeof response.body === "string" && !response.headers.has("content-type")) {
    headers.push(["content-type", "text/plain; charset=utf-8"]);
  }
  return { status: response.status, headers, content: toContent(response.body) };
}

function toContent(content) {
  if (content === null) return { tag: "empty" };
  if (typeof content === "string") return { tag: "text", val: content };
  return content instanceof Body ? { tag: "body", val: content } : { tag: "bytes", val: content };
}

/** Content as a body of the host's, to be sent; `null` for none. */
export function toBody(content) {
  if (content === null || content === undefined || content instanceof Body) return content ?? null;
  return new Body(typeof content === "string" ? new TextEncoder().encode(content) : content);
}
