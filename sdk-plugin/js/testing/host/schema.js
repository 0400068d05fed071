// `schema`: the relations that the test described.

import { state, wanted } from "../state.js";

export const version = () => state.relations.length;

export const schemas = () => [...new Set(state.relations.map(({ schema }) => schema))];

export const relations = (schema) => state.relations.filter((each) => each.schema === schema).map(({ name }) => name).sort();

export function relation(schema, name) {
  wanted("schema");
  const found = state.relations.find((each) => each.schema === schema && each.name === name);
  return found ? JSON.stringify(found) : null;
}

export const relationNow = relation;
