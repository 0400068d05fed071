// Codes that nobody can guess, without characters that look like others.

import { random, settings } from "@basalt/plugin";

/** 32 characters, so that a byte chooses each as often as any other. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";

export function code() {
  const bytes = random.bytes(settings.get("length"));
  return Array.from(bytes, (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}
