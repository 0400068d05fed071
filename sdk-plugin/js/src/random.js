// Randomness fit for secrets, from the operating system. `crypto.getRandomValues()`, `crypto.randomUUID()` and `Math.random()` ask
// here too, when the manifest wants it.

import { bytes as draw } from "#host/random";

/** `length` random bytes. */
export const bytes = (length) => draw(length);

/** A random UUID of version 4. */
export function uuid() {
  const drawn = draw(16);
  drawn[6] = (drawn[6] & 0x0f) | 0x40;
  drawn[8] = (drawn[8] & 0x3f) | 0x80;
  const hex = Array.from(drawn, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
