// `Math.random` and `crypto` over the host's randomness. The engine's own numbers would be the same in every instance: it was
// seeded when the component was built.

import { refuse } from "./clock.js";

/** 2⁵³, the numbers that a double can tell apart below one. */
const STEPS = 9007199254740992;

export function install(random) {
  const bytes = random ? random.bytes : refuse("Randomness", "random");
  Math.random = () => {
    const [high, low] = new Uint32Array(bytes(8).slice().buffer);
    return ((high >>> 5) * 67108864 + (low >>> 6)) / STEPS;
  };
  globalThis.crypto = {
    getRandomValues(array) {
      new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(bytes(array.byteLength));
      return array;
    },
    randomUUID: random ? random.uuid : refuse("crypto.randomUUID()", "random"),
  };
}
