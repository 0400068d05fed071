/// <reference path="./basalt-types-body.d.ts" />
/// <reference path="./basalt-types-problem.d.ts" />
declare module 'basalt:dispatch/dispatch@0.1.0' {
  /**
   * Sends a request and waits for its answer, whatever its status. What was asked counts against the deadline of this call.
   * 
   * Codes: `dispatch.not-granted` (method and path), `dispatch.invalid` (no path, method or header that HTTP allows),
   * `dispatch.too-deep` (plugins asking plugins, more than 4 deep), `dispatch.too-many` (over the limit `dispatches` of this
   * call), `http.not-found` and `http.method-not-allowed` (nothing answers there), `body.too-large`, and the `plugin.…` codes of
   * a plugin that failed.
   */
  export function send(request: Outgoing): Answer;
  export type Body = import('basalt:types/body@0.1.0').Body;
  export type Problem = import('basalt:types/problem@0.1.0').Problem;
  /**
   * A name in lower case, and a value.
   */
  export type Header = [string, string];
  export interface Outgoing {
    /**
     * In upper case: `GET`.
     */
    method: string,
    /**
     * A path with its mount and, after `?`, a query, percent-encoded: `/api/v1/tables/orders?id=eq.1`.
     */
    target: string,
    /**
     * Names in lower case. Credentials, `host` and framing headers are left out: they are the kernel's.
     */
    headers: Array<Header>,
    /**
     * Handed on without a copy.
     */
    body?: Body,
  }
  export interface Answer {
    status: number,
    /**
     * In the order sent; several of one name stay several.
     */
    headers: Array<Header>,
    /**
     * Bytes that stay in the host until they are read; empty when there are none.
     */
    body: Body,
  }
}
