/// <reference path="./basalt-http-types.d.ts" />
/// <reference path="./basalt-types-problem.d.ts" />
declare module 'basalt:http/filter@0.1.0' {
  /**
   * Before the handler. What is changed in the request is seen by whoever comes next; a response answers in the
   * handler's place. A problem is the answer, unless the filter is one to be skipped when it fails.
   */
  export function before(request: Request): Response | undefined;
  /**
   * After the handler, on the way back: the last filter in front is the first behind. Refusals of the kernel itself are
   * not shown.
   */
  export function after(request: Request, reply: Reply): void;
  export type Request = import('basalt:http/types@0.1.0').Request;
  export type Reply = import('basalt:http/types@0.1.0').Reply;
  export type Response = import('basalt:http/types@0.1.0').Response;
  export type Problem = import('basalt:types/problem@0.1.0').Problem;
}
