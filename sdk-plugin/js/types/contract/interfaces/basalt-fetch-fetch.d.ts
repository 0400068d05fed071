/// <reference path="./basalt-types-body.d.ts" />
/// <reference path="./basalt-types-problem.d.ts" />
declare module 'basalt:fetch/fetch@0.1.0' {
  /**
   * Sends a request and waits for its whole answer, whatever its status. Redirects are not followed: they are answers, and each
   * hop is a call of its own, looked at like the first. A request of an idempotent method is sent once more when its
   * connection failed before an answer began.
   * 
   * Codes: `fetch.not-granted` (scheme, name and port, or an address that the name stands for), `fetch.invalid` (no method, URL or
   * header that is sent), `fetch.unreachable` (no address, no connection, no valid certificate, or it broke off; the message says which),
   * `fetch.timeout`, `fetch.too-large` (over the limit `fetch_response`), `fetch.too-many` (over the limits `fetches` or
   * `fetch_bytes` of this call).
   */
  export function send(request: Outgoing): Incoming;
  export type Body = import('basalt:types/body@0.1.0').Body;
  export type Problem = import('basalt:types/problem@0.1.0').Problem;
  /**
   * A name in lower case, and a value.
   */
  export type Header = [string, string];
  export interface Outgoing {
    /**
     * In upper case: `GET`. Not `CONNECT` and not `TRACE`.
     */
    method: string,
    /**
     * Absolute, percent-encoded, without user and password: `https://api.stripe.com/v1/charges?limit=3`. Names in other
     * scripts as `xn--…`, addresses as four decimal numbers or in brackets.
     */
    url: string,
    /**
     * Names in lower case. `host`, `content-length` and what else frames a message are left out: they are the kernel's.
     */
    headers: Array<Header>,
    /**
     * Consumed, whatever becomes of the request.
     */
    body?: Body,
    /**
     * How long all of it may take, in milliseconds; never longer than this call has. 30,000 when it is not said.
     */
    timeoutMs?: number,
  }
  export interface Incoming {
    status: number,
    /**
     * In the order sent; several of one name stay several. At most 100, and 64 KiB.
     */
    headers: Array<Header>,
    /**
     * As it was sent, whole: nothing is decompressed.
     */
    body: Body,
  }
}
