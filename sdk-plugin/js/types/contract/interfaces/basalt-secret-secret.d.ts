/// <reference path="./basalt-types-problem.d.ts" />
declare module 'basalt:secret/secret@0.1.0' {
  /**
   * The value of a secret, at most 64 KiB. It is what it was when the call asked: do not keep it, for a new value takes
   * effect with the next call, and what an instance keeps in its memory outlives the call.
   * Errors `secret.not-granted`; `secret.unset` while the operator has set none; `secret.sealed` when it cannot be opened;
   * `sql.unavailable` while the database is away.
   */
  export function get(name: string): string;
  export type Problem = import('basalt:types/problem@0.1.0').Problem;
}
