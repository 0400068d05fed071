/// <reference path="./basalt-http-types.d.ts" />
/// <reference path="./basalt-types-problem.d.ts" />
declare module 'basalt:http/handler@0.1.0' {
  /**
   * Answer one request. A problem is rendered by the host: a code of `docs/errors.md` gets that code's status, any
   * other code 500. To choose a status, answer with a response.
   */
  export function handle(request: Request): Response;
  export type Request = import('basalt:http/types@0.1.0').Request;
  export type Response = import('basalt:http/types@0.1.0').Response;
  export type Problem = import('basalt:types/problem@0.1.0').Problem;
}
