/// <reference path="./basalt-types-problem.d.ts" />
declare module 'basalt:types/body@0.1.0' {
  export type Problem = import('basalt:types/problem@0.1.0').Problem;
  
  export class Body implements Disposable {
    /**
    * A body with this content. Traps when `content` is larger than the host copies in one call (16 MiB), and when the
    * call's bodies and results together are over the plugin's limit `host_memory`.
    */
    constructor(content: Uint8Array)
    /**
    * The parts, one after the other, without copying them: `[` + rows + `]`. The parts are consumed, wherever their cursors
    * are. Traps over `host_memory`, and when one that still arrives does not arrive whole.
    */
    static concat(parts: Array<Body>): Body;
    /**
    * All of it in bytes, whatever was read of it; `none` while a streamed body has not ended.
    */
    length(): number | undefined;
    /**
    * The next chunk, of one byte to `max` bytes; `none` at the end. It can be shorter than `max` before the end too. Each
    * handle has a cursor of its own, at the beginning. A problem is that of a streamed body's source; what is whole in the
    * host has none.
    */
    read(max: number): Uint8Array | undefined;
    /**
    * Everything, wherever the cursor is, which stays there. Error `body.too-large` when there is more than `limit` bytes;
    * then nothing is copied.
    */
    readAll(limit: number): Uint8Array;
    [Symbol.dispose](): void;
  }
}
