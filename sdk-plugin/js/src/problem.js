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

/** Calls the host, whose problems come as records: the engine wraps one in an error of its own, a test throws it as it is. */
export function ask(call) {
  try {
    return call();
  } catch (thrown) {
    const record = thrown?.payload ?? thrown;
    throw typeof record?.code === "string" && !(record instanceof Error) ? fromRecord(record) : thrown;
  }
}

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
