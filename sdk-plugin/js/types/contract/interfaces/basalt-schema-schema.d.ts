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
   * `{"schema","name","kind":"table|view|materialized-view|foreign-table|partitioned-table","comment","partition",
   * "columns":[{"name","type","base_type","nullable","has_default","default","generated","updatable","comment","enum":[…],
   * "casts":{"to_json","to_text","from_json","from_text"}}],
   * "primary_key":[…],"unique":[[…]],"insertable","updatable","deletable",
   * "foreign_keys":[{"name","columns":[…],"unique","target_schema","target","target_columns":[…]}],
   * "referenced_by":[{"name","schema","relation","columns":[…],"unique","target_columns":[…]}],
   * "derived_foreign_keys":[…],"derived_referenced_by":[…],
   * "computed":[{"schema","name","type","set","single","relation":{"schema","name"}}]}`.
   * `type` is what `format_type` prints, with its schema where it is not Postgres' own; `base_type` is the type under a
   * domain. `default` is an expression in SQL; `casts` are functions, fit to stand in SQL, that a domain's values are shown
   * and read with. The derived keys are those that views have because they show the columns of a key: of a view, to one, or
   * both; a view's primary key is found the same way. `unique` says that the key points from one to one. `computed` are the
   * functions whose only argument is a row of this relation; `single` that they give one row at most.
   */
  export function relation(schema: string, name: string): string | undefined;
  /**
   * One relation as it is at this moment, where `relation` may be a moment behind. It asks the database: for whoever has
   * reason to doubt, as after a statement that failed for want of a column. The same JSON; `none` when it is gone. While the
   * database cannot be reached it answers from the snapshot. Error `schema.not-granted`.
   */
  export function relationNow(schema: string, name: string): string | undefined;
  /**
   * What is in a schema, as a JSON object; `none` when there is none of that name. From the snapshot, without waiting. Error
   * `schema.not-granted`.
   * 
   * `{"name","comment","functions":[…],"media":[{"schema","name","aggregate","set","type":{"schema","name"},"any",
   * "relation":{"schema","name"}}]}`.
   * `functions` are the names, sorted; `media` the functions and aggregates whose result is a domain that is named like a media
   * type (`"image/png"`), `any` that they take `anyelement`, `relation` whose row they take.
   */
  export function describe(schema: string): string | undefined;
  /**
   * The functions, aggregates and window functions of one name as a JSON array, those with the fewest arguments first; `none`
   * when there are none. Not those for triggers. From the snapshot, without waiting, but for `none`: that is looked up in the
   * database before it is said. Error `schema.not-granted`.
   * 
   * `[{"schema","name","kind":"function|aggregate|window","comment","volatility":"immutable|stable|volatile",
   * "arguments":[{"name","type","mode":"in|out|inout|variadic|table","optional"}],"settings":[["name","value"]],
   * "returns":{"type","schema","name","kind":"void|scalar|composite","set","single","relation":{"schema","name"}}}]`.
   * `relation` is the table, view or composite type whose row is returned; a function with `out` arguments returns a
   * composite without one.
   */
  export { _function as function };
  function _function(schema: string, name: string): string | undefined;
  export type Problem = import('basalt:types/problem@0.1.0').Problem;
}
