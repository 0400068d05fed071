// The host in memory, for `node --test`.

import type { Relation, Request, Response, Row } from "./index.js";

/** A statement that the plugin ran, or `begin`, `commit` and `rollback`. */
export interface Ran {
  mode: "own" | "caller" | "service";
  access: "read-only" | "read-write";
  text: string;
  /** In their text form. */
  parameters: (string | null)[];
}

/** A request that the plugin sent. */
export interface Sent {
  method: string;
  /** The URL, or the target of a dispatch. */
  target: string;
  headers: { [name: string]: string };
  body: string | null;
}

/** The host of one test. A new one knows nothing of those before. */
export class Host {
  /**
   * The host of a plugin with this manifest, `new URL("../plugin.toml", import.meta.url)`. Requests find its routes, settings have its
   * defaults, and a capability that it does not want fails the test.
   */
  constructor(plugin: (request: Request) => unknown, manifest: string | { readonly href: string });

  /** Sends a request for a path and, after `?`, a query. What the plugin throws, this throws. */
  request(method: string, target: string, options?: { headers?: Record<string, string>; body?: string | Uint8Array; json?: unknown; role?: string }): Promise<Response>;

  setting(key: string, value: unknown): void;
  secret(name: string, value: string): void;
  /** Describes a relation. */
  relation(description: Partial<Relation> & { schema: string; name: string }): void;
  /** Stops the clock at this time. */
  setTime(now: Date): void;

  /** Answers the statements that this text is part of: with rows, or with how many were affected. Of several rules that fit, the latest answers. */
  onSql(text: string, answer: (statement: Ran) => Row[] | number): void;
  /** Answers a function of `identity`, by its name here: `verifyPassword`. Accounts are `{ tag, val }`; a proof is `{ user, method }`. */
  onIdentity(name: string, answer: (...given: any[]) => unknown): void;
  /** Answers the requests of `fetch` that this text is part of: `POST https://api.stripe.com/v1/charges`, or a part of it. */
  onFetch(text: string, answer: (sent: Sent) => unknown): void;
  /** Answers the requests of `dispatch` that this text is part of. */
  onDispatch(text: string, answer: (sent: Sent) => unknown): void;

  readonly statements: Ran[];
  readonly sent: Sent[];
  readonly log: { level: string; message: string; fields: { [name: string]: string } }[];
}
