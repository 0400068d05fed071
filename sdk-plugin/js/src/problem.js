// Why something failed: the contract's one error record, as an Error. It deliberately knows no HTTP status: the kernel maps the
// codes of docs/errors.md, and a plugin that wants another status answers with a Response.

export class Problem extends Error {
  constructor(code, message, { details, hint, cause } = {}) {
    super(message, { cause });
    this.name = "Problem";
    this.code = code;
    this.details = details;
    this.hint = hint;
  }
}

export function problem(code, message, more) {
  return new Problem(code, message, more);
}

/** Calls the host, whose problems are plain records: as Errors they have a stack, and `details` that were read. */
export function ask(call) {
  try {
    return call();
  } catch (thrown) {
    throw isRecord(thrown) ? fromRecord(thrown) : thrown;
  }
}

/** Whether it is a problem as the contract has it, and not some error of the engine's. */
const isRecord = (thrown) => !(thrown instanceof Error) && typeof thrown?.code === "string";

function fromRecord({ code, message, details, hint }) {
  return new Problem(code, message, { details: parse(details), hint: hint ?? undefined });
}

function parse(details) {
  try {
    return details == null ? undefined : JSON.parse(details);
  } catch {
    return details;
  }
}

/** A problem as the contract has it. */
export function toRecord({ code, message, details, hint }) {
  return { code, message, details: details === undefined ? null : JSON.stringify(details), hint: hint ?? null };
}
