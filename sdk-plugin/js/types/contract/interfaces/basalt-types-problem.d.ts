declare module 'basalt:types/problem@0.1.0' {
  /**
   * Why a call failed. Frozen: a new member would make the host refuse every plugin built before.
   */
  export interface Problem {
    /**
     * Stable and meant for programs: `area.reason`, or a SQLSTATE where Postgres refused. Listed in `docs/errors.md`.
     */
    code: string,
    /**
     * One sentence for people, safe to show to the caller.
     */
    message: string,
    /**
     * JSON text, whatever more is known.
     */
    details?: string,
    /**
     * What the reader can do about it.
     */
    hint?: string,
  }
}
