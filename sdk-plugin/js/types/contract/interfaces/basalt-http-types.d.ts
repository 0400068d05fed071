/// <reference path="./basalt-types-body.d.ts" />
/// <reference path="./basalt-types-problem.d.ts" />
declare module 'basalt:http/types@0.1.0' {
  export type Body = import('basalt:types/body@0.1.0').Body;
  export type Problem = import('basalt:types/problem@0.1.0').Problem;
  /**
   * A name in lower case, and a value.
   */
  export type Header = [string, string];
  /**
   * What a request asks for, all but its headers and its content.
   */
  export interface Head {
    /**
     * In upper case: `GET`.
     */
    method: string,
    /**
     * The name of the manifest's route that matched.
     */
    route: string,
    /**
     * The path as the client sent it (still percent-encoded), with the mount: `/rest/v1/orders`.
     */
    path: string,
    /**
     * Where the matched route is mounted: `/rest/v1`. Empty at the root.
     */
    mount: string,
    /**
     * What follows `?`, still percent-encoded.
     */
    query?: string,
    /**
     * The parameters of the route's pattern, percent-decoded, in its order.
     */
    params: Array<[string, string]>,
  }
  export type Content = ContentEmpty | ContentText | ContentBytes | ContentBody;
  export interface ContentEmpty {
    tag: 'empty',
  }
  export interface ContentText {
    tag: 'text',
    val: string,
  }
  export interface ContentBytes {
    tag: 'bytes',
    val: Uint8Array,
  }
  /**
   * Handed on by the host without a copy.
   */
  export interface ContentBody {
    tag: 'body',
    val: Body,
  }
  export interface Response {
    /**
     * 200 to 599.
     */
    status: number,
    /**
     * Framing headers (`content-length`, `transfer-encoding`, `connection`) belong to the host and are ignored.
     */
    headers: Array<Header>,
    content: Content,
  }
  
  export class Reply implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    status(): number;
    /**
    * Sets the status, 200 to 599. Error `http.invalid`.
    */
    setStatus(status: number): void;
    /**
    * A header by its name in lower case; several of one name are joined with `, `.
    */
    header(name: string): string | undefined;
    headers(): Array<Header>;
    /**
    * Sets a header, replacing those of its name. Error `http.invalid`.
    */
    setHeader(name: string, value: string): void;
    removeHeader(name: string): void;
    /**
    * SHA-256 of the content, in lower-case hexadecimal digits, computed by the host; `none` when there is no content, and when it
    * is streamed.
    */
    digest(): string | undefined;
    /**
    * The content. Every call gives a new handle to the same bytes. That of an answer which is streamed has no `length`, and
    * reading it is the problem `body.streamed`: it is for the client alone.
    */
    body(): Body;
    /**
    * Replaces the content. Traps for a body that only somebody else reads.
    */
    setBody(body: Body): void;
    [Symbol.dispose](): void;
  }
  
  export class Request implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    /**
    * The request id, as in `X-Request-ID`.
    */
    id(): string;
    /**
    * In upper case: `GET`.
    */
    method(): string;
    /**
    * The name of the manifest's route that matched.
    */
    route(): string;
    /**
    * The path as the client sent it (still percent-encoded), with the mount: `/rest/v1/orders`.
    */
    path(): string;
    /**
    * Where the matched route is mounted: `/rest/v1`. Empty at the root.
    */
    mount(): string;
    /**
    * A parameter of the route's pattern, percent-decoded.
    */
    param(name: string): string | undefined;
    /**
    * What follows `?`, still percent-encoded.
    */
    query(): string | undefined;
    /**
    * All of the above but the id at once, for a plugin that needs most of it: one call of the host in place of one for each.
    */
    head(): Head;
    /**
    * A header by its name in lower case; several of one name are joined with `, `. Credentials (`authorization`,
    * `apikey`, `cookie`) never reach a plugin.
    */
    header(name: string): string | undefined;
    /**
    * Several headers at once, as `header` gives each, in the order asked.
    */
    headerValues(names: Array<string>): Array<string | undefined>;
    /**
    * All headers in the order received, without the credentials.
    */
    headers(): Array<Header>;
    /**
    * The content; `none` when the request has none. Every call gives a new handle to the same bytes. On a route that streams they
    * are the handler's alone: a filter's handle is not read.
    */
    body(): Body | undefined;
    /**
    * The Postgres role that the caller acts as.
    */
    role(): string;
    /**
    * Whether the caller proved an identity; anonymous callers did not.
    */
    authenticated(): boolean;
    /**
    * Sets a header for whoever comes next. Error `http.invalid` for what HTTP does not allow. Credentials cannot be
    * set: who is calling was decided before.
    */
    setHeader(name: string, value: string): void;
    /**
    * Removes a header for whoever comes next.
    */
    removeHeader(name: string): void;
    /**
    * Replaces the query for whoever comes next, percent-encoded. Error `http.invalid`.
    */
    setQuery(query: string | undefined): void;
    [Symbol.dispose](): void;
  }
}
