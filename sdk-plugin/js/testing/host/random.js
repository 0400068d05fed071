// `random`: Node's.

import { randomBytes } from "node:crypto";
import { wanted } from "../state.js";

export function bytes(length) {
  wanted("random");
  return new Uint8Array(randomBytes(length));
}
