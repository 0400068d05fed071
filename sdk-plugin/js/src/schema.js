// What is in the database: a shared snapshot of the catalogue. It deliberately asks the database only when told to look again.

import { relation as find, relationNow, relations as list, schemas as granted, version as current } from "#host/schema";
import { ask } from "./problem.js";

export const version = () => current();
export const schemas = () => granted();
export const relations = (schema) => ask(() => list(schema));

export async function relation(schema, name, { fresh = false } = {}) {
  const text = ask(() => (fresh ? relationNow : find)(schema, name));
  return text === null || text === undefined ? null : JSON.parse(text);
}
