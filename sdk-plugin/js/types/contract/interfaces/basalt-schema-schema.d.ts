/// <reference path="./basalt-types-problem.d.ts" />
declare module 'basalt:schema/schema@0.1.0' {
  /**
   * A number that grows with every change of the catalogue: what was derived from a snapshot holds as long as this is the
   * same. It counts for one kernel, from its start, and is not comparable with another's. Never fails or waits.
   */
  export function version(): number;
  /**
   * The schemas that this plugin was granted; with a grant of `*`, those that there are at this moment. Never fails or waits.
   */
  export function schemas(): Array<string>;
  /**
   * The names of a schema's tables, views, materialized views and foreign tables, sorted; none for a schema that does not
   * exist. From the snapshot, without waiting. Error `schema.not-granted`.
   */
  export function relations(schema: string): Array<string>;
  /**
   * One relation as a JSON object; `none` when there is none of that name. Names are as Postgres keeps them, unquoted. From
   * the snapshot, without waiting, but for `none`: that is looked up in the database before it is said. Error
   * `schema.not-granted`.
   * 
   * `{"schema","name","kind":"table|view|materialized-view|foreign-table|partitioned-table","comment",
   * "columns":[{"name","type","base_type","nullable","has_default","generated","updatable","comment","enum":[…]}],
   * "primary_key":[…],"unique":[[…]],"insertable","updatable","deletable",
   * "foreign_keys":[{"name","columns":[…],"target_schema","target","target_columns":[…]}],
   * "referenced_by":[{"name","schema","relation","columns":[…],"target_columns":[…]}]}`.
   * `type` is what `format_type` prints; `base_type` is the type under a domain.
   */
  export function relation(schema: string, name: string): string | undefined;
  /**
   * One relation as it is at this moment, where `relation` may be a moment behind. It asks the database: for whoever has
   * reason to doubt, as after a statement that failed for want of a column. The same JSON; `none` when it is gone. While the
   * database cannot be reached it answers from the snapshot. Error `schema.not-granted`.
   */
  export function relationNow(schema: string, name: string): string | undefined;
  export type Problem = import('basalt:types/problem@0.1.0').Problem;
}
