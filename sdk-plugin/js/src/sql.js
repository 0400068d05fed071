// SQL on the instance's Postgres. Values go in as parameters only: a tagged template cannot be used in any other way. It
// deliberately builds no statements.

import { Transaction, begin, query } from "#host/sql";
import { Body } from "#host/body";
import { ask } from "./problem.js";

/** Types whose text form says the same thing as a value of JavaScript. Not `int8` and `numeric`: numbers would lose digits. */
const READ = {
  bool: (text) => text === "t",
  int2: Number,
  int4: Number,
  float4: Number,
  float8: Number,
  json: JSON.parse,
  jsonb: JSON.parse,
};

/** How many rows come out of the host at once. */
const BATCH = 1000;

/** Statements as somebody: `run` takes text and parameters and gives a result. */
function tag(run) {
  const statement = (strings, values) => run(strings.reduce((text, part, at) => `${text}$${at}${part}`), values);
  const rows = async (strings, ...values) => withResult(statement(strings, values), read);
  rows.body = async (strings, ...values) => withResult(statement(strings, values), (result) => result.valueBody(0, 0));
  rows.count = async (strings, ...values) => withResult(statement(strings, values), (result) => result.affected());
  return rows;
}

/** One statement each, in a transaction of its own. */
function as(mode) {
  const run = (access) => (text, values) => ask(() => query(mode, access, text, values.map(parameter)));
  const statement = tag(reading(run("read-only")));
  statement.write = tag(run("read-write"));
  statement.transaction = (work) => transaction(mode, work);
  return statement;
}

/** Says how it is done to whoever writes where only reading is allowed. */
function reading(run) {
  return (text, values) => {
    try {
      return run(text, values);
    } catch (error) {
      if (error.code === "25006") error.hint = "sql`…` only reads; sql.write`…` writes";
      throw error;
    }
  };
}

// A function's own `caller` is something else, which has to be covered.
export const sql = Object.defineProperties(as("own"), { caller: { value: as("caller") }, service: { value: as("service") } });

/** Committed when `work` succeeds, undone when it fails. */
async function transaction(mode, work) {
  const open = ask(() => begin(mode, "read-write"));
  let value;
  try {
    value = await work(tag((text, values) => ask(() => open.query(text, values.map(parameter)))));
  } catch (error) {
    // The first failure is the one to report, whatever the rollback says.
    try {
      Transaction.rollback(open);
    } catch {}
    throw error;
  }
  ask(() => Transaction.commit(open));
  return value;
}

/** Results count as the call's memory in the host, so they go as soon as they are read. */
function withResult(result, use) {
  try {
    return use(result);
  } finally {
    // Node 20 has no such symbol, and no memory of the host's either.
    result[Symbol.dispose]?.();
  }
}

function read(result) {
  const columns = result.columns().map(({ name, typeName }) => ({ name, value: READ[typeName] ?? String }));
  const rows = [];
  for (let batch = result.next(BATCH); batch.length > 0; batch = result.next(BATCH)) {
    for (const values of batch) rows.push(row(columns, values));
  }
  return rows;
}

function row(columns, values) {
  return Object.fromEntries(columns.map(({ name, value }, at) => [name, values[at] === null ? null : value(values[at])]));
}

/** A value as Postgres reads it. */
function parameter(value) {
  if (value === null || value === undefined) return { tag: "null" };
  return value instanceof Body ? { tag: "body", val: value } : { tag: "text", val: text(value) };
}

function text(value) {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  if (Array.isArray(value)) return `{${value.map(element).join(",")}}`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** An element of an array's text form; nested arrays are arrays again. */
function element(value) {
  if (value === null || value === undefined) return "NULL";
  return Array.isArray(value) ? text(value) : `"${text(value).replace(/["\\]/g, "\\$&")}"`;
}
