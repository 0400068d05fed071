// What a plugin is written with, and what each part of it promises. The contract itself is in `contract/`, generated from its text;
// `import { query } from "basalt:sql/sql@0.1.0"` works too.

/// <reference path="./globals.d.ts" />
/// <reference path="./contract/basalt.d.ts" />

export { Body } from "basalt:types/body@0.1.0";
import type { Body } from "basalt:types/body@0.1.0";

// ---- answering requests

/** Text, bytes, bytes that stay in the host, or none. */
export type Content = string | Uint8Array | Body | null;

/** Headers by their names, whatever the case of those. */
export class Headers implements Iterable<[string, string]> {
  constructor(from?: Iterable<readonly [string, string]> | Record<string, string>);
  /** Several of one name are joined with `, `. */
  get(name: string): string | null;
  has(name: string): boolean;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
  [Symbol.iterator](): Iterator<[string, string]>;
}

/** What has content. Reading it is a problem `body.too-large` over 16 MiB, and `body.invalid`, which is answered with 400, for what is no
 * UTF-8 or no JSON. */
interface Message {
  readonly body: Content;
  bytes(): Promise<Uint8Array>;
  text(): Promise<string>;
  // As in the Fetch standard, whoever reads says what it should be.
  json<T = any>(): Promise<T>;
}

/** The request being answered. Credentials (`authorization`, `apikey`, `cookie`) never reach a plugin. */
export interface Request extends Message {
  /** The request id, as in `X-Request-ID`. */
  readonly id: string;
  /** In upper case: `GET`. */
  readonly method: string;
  /** The name of the manifest's route that matched. */
  readonly route: string;
  /** The path as the client sent it (still percent-encoded), with the mount. */
  readonly path: string;
  /** Where the matched route is mounted: `/shop`. Empty at the root. */
  readonly mount: string;
  /** The parameters of the route's pattern in the manifest, percent-decoded. */
  readonly params: Params;
  /** What follows `?`. */
  readonly query: URLSearchParams;
  /** All headers; each time they are asked for, they are copied from the host. */
  readonly headers: Headers;
  /** One header, without copying the others. */
  header(name: string): string | null;
  /** The Postgres role that the caller acts as. */
  readonly role: string;
  /** Whether the caller proved an identity. */
  readonly authenticated: boolean;
}

export interface Init {
  /** 200 to 599; 200 when it is not said. */
  status?: number;
  headers?: Headers | Record<string, string> | Iterable<readonly [string, string]>;
}

/** An answer: of this plugin, or of a server that it asked. */
export class Response implements Message {
  constructor(content?: Content, init?: Init);
  /** A value as JSON. For rows, let Postgres make the JSON: `new Response(await sql.body…)`. */
  static json(value: unknown, init?: Init): Response;
  status: number;
  readonly ok: boolean;
  readonly headers: Headers;
  readonly body: Content;
  bytes(): Promise<Uint8Array>;
  text(): Promise<string>;
  json<T = any>(): Promise<T>;
}

/** What a handler returns: a `Response`; text; nothing, which is 204; or any other value, which becomes JSON. */
export type Answer = unknown;

export type Params = { readonly [name: string]: string };

export type Handler = (request: Request, params: Params) => Answer | Promise<Answer>;

/**
 * Handlers by method and path below the route's mount, `"GET /orders/{id}"`, or by method and a route's name, `"GET export"`; without
 * a method, by any. Of several that fit, the first answers.
 */
export function router(handlers: { [place: string]: Handler }): (request: Request) => Answer;

/** Why something failed: `throw problem("order.sold-out", "There is none left")`. */
export class Problem extends Error {
  constructor(code: string, message: string, more?: More);
  /** Stable and meant for programs: `area.reason`, or a SQLSTATE. A code of docs/errors.md has that code's status, any other 500. */
  readonly code: string;
  readonly details: unknown;
  readonly hint: string | undefined;
}

interface More {
  /** Whatever more is known. */
  details?: unknown;
  /** What the reader can do about it. */
  hint?: string;
  /** What led to it: for the log, not for the caller. */
  cause?: unknown;
}

export function problem(code: string, message: string, more?: More): Problem;

// ---- SQL

/**
 * A value for a `${…}`: it becomes a parameter, never text of the statement. Dates are sent as ISO 8601, bytes as `bytea`, arrays as arrays,
 * other objects as JSON.
 */
export type Parameter = null | undefined | string | number | bigint | boolean | Date | Uint8Array | Body | readonly Parameter[] | object;

/** Booleans, `int2`, `int4`, floats and JSON as such; everything else as Postgres writes it, `int8` and `numeric` too: no digit is lost. */
export type Row = { [column: string]: any };

type Template = [strings: TemplateStringsArray, ...values: Parameter[]];

export interface Statement {
  /** Runs a statement and gives its rows. A problem has the SQLSTATE as its code. */
  <T = Row>(...template: Template): Promise<T[]>;
  /** The first value of the first row, whose bytes never enter the plugin: ``new Response(await sql.body`select json_agg(o) from orders o`)``. */
  body(...template: Template): Promise<Body | null>;
  /** Runs a statement and gives the number of rows that it affected. */
  count(...template: Template): Promise<number>;
}

/** Statements in a transaction each that may only read, and ways to more. */
export interface Sql extends Statement {
  /** Statements in a transaction each that may write. */
  readonly write: Statement;
  /** Several statements in one transaction: kept when `work` succeeds, undone when it fails. */
  transaction<T>(work: (sql: Statement) => T | Promise<T>): Promise<T>;
}

/** As the plugin's own login: ``const [order] = await sql`select * from orders where id = ${id}` ``. */
export const sql: Sql & {
  /** As the caller of this request, under row-level security. For trusted plugins. */
  readonly caller: Sql;
  /** As `service_role`, past row-level security. For trusted plugins that were granted this as well. */
  readonly service: Sql;
};

// ---- asking others

interface Exchange {
  /** `GET` when it is not said. */
  method?: string;
  headers?: Headers | Record<string, string>;
  body?: Content;
}

/** Asks a server outside that the operator granted. Redirects are not followed: they are answers. */
export function fetch(url: string | URL, options?: Exchange & { /** In milliseconds; 30,000 when it is not said. */ timeout?: number }): Promise<Response>;

/** Asks a route of this very instance as the caller: `await dispatch("/api/v1/tables/orders?id=eq.1")`. */
export function dispatch(target: string, options?: Exchange): Promise<Response>;

// ---- the rest, by capability

type Line = (message: unknown, fields?: { [name: string]: unknown }) => void;

/** The kernel's log, with fields. `console` writes there too. */
export declare const log: { trace: Line; debug: Line; info: Line; warn: Line; error: Line };

export declare const settings: {
  /** A setting as the operator set it, or its default in the manifest. A problem `settings.missing` for one that is not declared. */
  get<T = any>(key: string): T;
};

export declare const secret: {
  /** A secret's value; a problem `secret.unset` while there is none. Do not keep it. */
  get(name: string): Promise<string>;
};

/** What names a user. */
export type Account = { id: string } | { email: string } | { phone: string };

/** What the kernel saw proven of a user, in this call. */
export interface Proof {
  readonly user: any;
  /** As `amr` names it: `password`, `otp` … */
  readonly method: string;
  /** Signs the user in; a proof is good once. */
  startSession(): Promise<any>;
}

/** Users, sessions and what proves them; docs/capabilities/identity.md has each function's scope, objects and codes. */
export declare const identity: {
  /** The caller of this request. */
  current(): any;
  policy(): any;
  keys(): Promise<any>;
  audit(event: string, details?: object): Promise<void>;
  signUp(user: object, password?: string | null): Promise<Proof>;
  decoy(user: object): Promise<any>;
  verifyPassword(user: Account, password: string): Promise<Proof>;
  refresh(token: string): Promise<any>;
  signOut(reach?: "this" | "others" | "all"): Promise<void>;
  sessions(user: string): Promise<any[]>;
  endSession(id: string): Promise<void>;
  findUser(user: Account): Promise<any>;
  updateUser(id: string, changes: object, password?: string | null): Promise<any>;
  enrol(factor: object): Promise<any>;
  challenge(factor: string): Promise<any>;
  verify(factor: string, challenge: string, code: string): Promise<any>;
  unenrol(factor: string): Promise<any>;
  recoveryCodes(): Promise<string[]>;
  recover(code: string): Promise<any>;
  issue(kind: string, user: Account): Promise<any | null>;
  redeem(kind: string, user: Account, token: string): Promise<Proof>;
  redeemHash(kind: string, hash: string): Promise<Proof>;
  vouch(user: string, method: string): Promise<Proof>;
  createUser(user: object, password?: string | null): Promise<any>;
  listUsers(options?: { page?: number; perPage?: number; filter?: string }): Promise<{ users: any[]; total: number }>;
  deleteUser(id: string, options?: { soft?: boolean }): Promise<void>;
  endSessions(user: string): Promise<void>;
  impersonate(user: string): Promise<any>;
  resetAttempts(user: string): Promise<void>;
};

export declare const schema: {
  /** A number that grows with every change of the catalogue. */
  version(): number;
  schemas(): string[];
  relations(schema: string): string[];
  /** A relation with its columns, keys and foreign keys; `fresh` asks the database where the snapshot may be a moment old. */
  relation(schema: string, name: string, options?: { fresh?: boolean }): Promise<Relation | null>;
};

export interface Relation {
  schema: string;
  name: string;
  kind: "table" | "view" | "materialized-view" | "foreign-table" | "partitioned-table";
  comment: string | null;
  columns: { name: string; type: string; base_type: string; nullable: boolean; has_default: boolean; generated: boolean; updatable: boolean; comment: string | null; enum: string[] }[];
  primary_key: string[];
  unique: string[][];
  insertable: boolean;
  updatable: boolean;
  deletable: boolean;
  foreign_keys: { name: string; columns: string[]; target_schema: string; target: string; target_columns: string[] }[];
  referenced_by: { name: string; schema: string; relation: string; columns: string[]; target_columns: string[] }[];
}

export declare const clock: {
  /** Milliseconds since 1970, as `Date.now()` has them. */
  now(): number;
  /** Milliseconds since some moment: to measure. */
  monotonic(): number;
};

export declare const random: {
  /** Bytes fit for secrets; at most 65,536. */
  bytes(length: number): Uint8Array;
  /** A UUID of version 4. */
  uuid(): string;
};
