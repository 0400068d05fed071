// Values as a line of the log shows them.

import { frames } from "./stack.js";

export function inspect(value) {
  if (typeof value === "string") return value;
  if (value instanceof Error) return describe(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

/** An error in one line, with where it came from and what caused it: a line of the log is one line. */
export function describe(error) {
  const places = frames(error).map((frame) => ` at ${frame}`);
  const cause = error.cause === undefined ? "" : `, caused by ${inspect(error.cause)}`;
  return `${error.name}: ${error.message}${places.join(",")}${cause}`;
}
