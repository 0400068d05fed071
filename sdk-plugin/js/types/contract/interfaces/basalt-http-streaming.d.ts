/// <reference path="./basalt-http-types.d.ts" />
/// <reference path="./basalt-types-body.d.ts" />
/// <reference path="./basalt-types-problem.d.ts" />
declare module 'basalt:http/streaming@0.1.0' {
  /**
   * Sends status and headers now; the content follows. From then on the limit `deadline` counts from one piece to the next, and
   * `stream_time` is what all of it may take. Nobody answers in this plugin's place any more: a problem that the handler returns
   * breaks the content off. The answer to `HEAD` ends here: what writes says `stream.gone`.
   * 
   * Codes: `stream.refused` (a second time in a call, or not in a handler), `http.invalid` (a status or header that HTTP does not
   * allow), `stream.busy` (as many streams as the plugin's limit `streams`), `plugin.out-of-memory`.
   */
  export function respond(status: number, headers: Array<Header>): Writer;
  export type Header = import('basalt:http/types@0.1.0').Header;
  export type Body = import('basalt:types/body@0.1.0').Body;
  export type Problem = import('basalt:types/problem@0.1.0').Problem;
  
  export class Writer implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    /**
    * Sends a piece, as soon as the client takes it. Waits while the client is slow.
    */
    write(piece: Uint8Array): void;
    /**
    * Sends bytes of the host, which need not enter the plugin. The body is consumed, wherever its cursor is.
    */
    writeBody(piece: Body): void;
    /**
    * Waits without computing, for something to send later. Ends early with the problem `stream.gone` when the client went away,
    * and with `stream.draining` when the server is going to stop: then `finish`. The time counts against the limit `deadline`,
    * which is the longest time from one piece to the next: event streams send a comment now and then.
    */
    pause(milliseconds: number): void;
    /**
    * Says that the content is whole. What the handler returns after that is not sent, nor is a problem.
    */
    static finish(this_: Writer): void;
    [Symbol.dispose](): void;
  }
}
