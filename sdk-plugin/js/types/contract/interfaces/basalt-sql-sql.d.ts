/// <reference path="./basalt-types-body.d.ts" />
/// <reference path="./basalt-types-problem.d.ts" />
declare module 'basalt:sql/sql@0.1.0' {
  /**
   * One statement in a transaction of its own, which is kept when it succeeds: one round trip. Several statements in one text
   * are an error of Postgres'. Errors: SQLSTATEs, and all of the host's codes above but `sql.closed`.
   */
  export function query(mode: Mode, access: Access, text: string, parameters: Array<Parameter>): Rows;
  /**
   * The same, with what holds for its transaction. Errors as of `query`.
   */
  export function queryWith(mode: Mode, access: Access, options: Options, text: string, parameters: Array<Parameter>): Rows;
  /**
   * A transaction of several statements. It holds a connection until it ends. Errors `sql.not-granted`, `sql.timeout`,
   * `sql.busy`, `sql.unavailable`.
   */
  export function begin(mode: Mode, access: Access): Transaction;
  /**
   * The same, with what holds for it. Errors as of `begin`; the options are sent with the first statement, and a failure of
   * theirs is that statement's.
   */
  export function beginWith(mode: Mode, access: Access, options: Options): Transaction;
  export type Problem = import('basalt:types/problem@0.1.0').Problem;
  export type Body = import('basalt:types/body@0.1.0').Body;
  /**
   * Who the statement runs as. Postgres enforces it: each mode is a login of its own.
   * # Variants
   * 
   * ## `"own"`
   * 
   * The plugin's own login: its own schema, and the tables of others that it was granted, verb by verb.
   * ## `"caller"`
   * 
   * The caller of this request: their role and claims, under row-level security. For trusted plugins.
   * ## `"service"`
   * 
   * As the role `service_role`, past row-level security; the claims stay the caller's. For trusted plugins that were
   * granted this as well.
   */
  export type Mode = 'own' | 'caller' | 'service';
  /**
   * What the statement may do. Postgres enforces it: the transaction is one of this kind.
   * # Variants
   * 
   * ## `"read-only"`
   * 
   * Read. A statement that writes fails with SQLSTATE `25006`.
   * ## `"read-write"`
   * 
   * Read and write.
   */
  export type Access = 'read-only' | 'read-write';
  /**
   * A value for `$1`, `$2` …
   */
  export type Parameter = ParameterNull | ParameterText | ParameterBody | ParameterRaw;
  /**
   * NULL.
   */
  export interface ParameterNull {
    tag: 'null',
  }
  /**
   * The value's text form: `2026-01-31`, `{1,2}`, `\x00ff`.
   */
  export interface ParameterText {
    tag: 'text',
    val: string,
  }
  /**
   * The body's bytes as the text form, straight from the host.
   */
  export interface ParameterBody {
    tag: 'body',
    val: Body,
  }
  /**
   * The body's bytes as the type's binary form, straight from the host: the content of a `bytea` as it is.
   */
  export interface ParameterRaw {
    tag: 'raw',
    val: Body,
  }
  /**
   * What holds for one transaction besides its mode: done before its first statement, in the same round trip.
   */
  export interface Options {
    /**
     * Settings for the transaction alone, by name and value: `("timezone", "Europe/Paris")`, `("app.tenant", "7")`. As the
     * statement's role, so what it may not set it cannot set here. Not `role`, `session_authorization` and other names that
     * start with `session_`, not those of the transaction (`transaction_…`), and none below `request.` and `basalt.`: those
     * are the kernel's, SQLSTATE `42501`. At most 64.
     */
    settings: Array<[string, string]>,
    /**
     * Statements without parameters that read or write rows (`select`, `insert` …), run in this order after the settings;
     * their rows are dropped. When one fails, nothing after it runs, and its error is the answer. Anything else is refused with
     * SQLSTATE `42501`. At most 8.
     */
    before: Array<string>,
  }
  /**
   * A column of a result.
   */
  export interface Column {
    /**
     * As the statement names it; two can have the same.
     */
    name: string,
    /**
     * As in `pg_type.typname`; the type's number where the host does not know it.
     */
    typeName: string,
  }
  
  export class Rows implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    /**
    * The columns, in the statement's order; empty for a statement that returns no rows.
    */
    columns(): Array<Column>;
    /**
    * The number of rows returned.
    */
    length(): number;
    /**
    * The number of rows that the command reports as affected.
    */
    affected(): number;
    /**
    * Up to `max` rows from the cursor on, which moves behind them; values in their text form, `none` for NULL; empty at the
    * end.
    */
    next(max: number): Array<Array<string | undefined>>;
    /**
    * One value in its text form, by row and column from 0, wherever the cursor is; `none` for NULL. Traps when there is no
    * such row or column.
    */
    value(row: number, column: number): string | undefined;
    /**
    * Some values of one row, as `value` gives each, in the order asked. Traps as that does.
    */
    values(row: number, columns: Uint32Array): Array<string | undefined>;
    /**
    * The same as `value`, as a body, whose bytes never enter the guest; it outlives the result. Traps also over `host_memory`.
    */
    valueBody(row: number, column: number): Body | undefined;
    /**
    * The same, with the bytes that a `bytea` stands for in place of its text form; of every other type as `value-body`.
    */
    valueContent(row: number, column: number): Body | undefined;
    [Symbol.dispose](): void;
  }
  
  export class Transaction implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    /**
    * One statement in it; a statement that fails makes Postgres refuse all after it but a rollback (SQLSTATE `25P02`). Errors:
    * SQLSTATEs, `sql.timeout`, `sql.too-large`, `sql.unavailable`, `sql.closed`.
    */
    query(text: string, parameters: Array<Parameter>): Rows;
    /**
    * Keeps what was done. Errors as of `query`; with one, nothing is kept, unless it is `sql.timeout` or `sql.unavailable`:
    * then nobody knows.
    */
    static commit(this_: Transaction): void;
    /**
    * Undoes what was done. Errors as of `query`; nothing is kept with one either.
    */
    static rollback(this_: Transaction): void;
    [Symbol.dispose](): void;
  }
}
