// `sql` as a test scripts it: each statement is noted and answered by the rule that fits. It deliberately understands no SQL.

import { Body } from "./body.js";
import { rule, state, wanted } from "../state.js";

export function query(mode, access, text, parameters) {
  wanted("sql");
  const statement = { mode, access, text, parameters: parameters.map(plain) };
  state.statements.push(statement);
  const { affected, rows = [] } = shape(rule("sql", text)(statement));
  return new Rows(rows, affected ?? rows.length);
}

/** What a rule gives: rows as objects, or how many were affected. */
const shape = (answer) => (typeof answer === "number" ? { affected: answer } : { rows: answer });

const plain = ({ tag, val }) => (tag === "null" ? null : val instanceof Body ? new TextDecoder().decode(val.readAll(Infinity)) : val);

export function begin(mode, access) {
  wanted("sql");
  state.statements.push({ mode, access, text: "begin", parameters: [] });
  return new Transaction(mode, access);
}

export class Transaction {
  constructor(mode, access) {
    Object.assign(this, { mode, access });
  }

  query(text, parameters) {
    return query(this.mode, this.access, text, parameters);
  }

  static commit({ mode, access }) {
    state.statements.push({ mode, access, text: "commit", parameters: [] });
  }

  static rollback({ mode, access }) {
    state.statements.push({ mode, access, text: "rollback", parameters: [] });
  }
}

class Rows {
  #rows;
  #affected;
  #cursor = 0;

  constructor(rows, affected) {
    [this.#rows, this.#affected] = [rows, affected];
  }

  columns() {
    return Object.entries(this.#rows[0] ?? {}).map(([name, value]) => ({ name, typeName: type(value) }));
  }

  affected() {
    return this.#affected;
  }

  next(max) {
    const rows = this.#rows.slice(this.#cursor, this.#cursor + max);
    this.#cursor += rows.length;
    return rows.map((row) => Object.values(row).map(text));
  }

  valueBody(row, column) {
    const value = text(Object.values(this.#rows[row])[column]);
    return value === null ? null : Body.of(value);
  }
}

const TYPES = { boolean: "bool", number: "float8", object: "jsonb" };

const type = (value) => TYPES[typeof value] ?? "text";

function text(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean") return value ? "t" : "f";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
