// `body` in memory.

import { refuse } from "../state.js";

export class Body {
  #bytes;
  #cursor = 0;

  constructor(bytes) {
    this.#bytes = Uint8Array.from(bytes);
  }

  static of(content) {
    return new Body(typeof content === "string" ? new TextEncoder().encode(content) : content);
  }

  static concat(parts) {
    return Body.of(Buffer.concat(parts.map((part) => part.#bytes)));
  }

  length() {
    return this.#bytes.length;
  }

  read(max) {
    const chunk = this.#bytes.slice(this.#cursor, this.#cursor + max);
    this.#cursor += chunk.length;
    return chunk.length === 0 ? null : chunk;
  }

  readAll(limit) {
    return this.#bytes.length > limit ? refuse("body.too-large", `The body is over ${limit} bytes`) : this.#bytes.slice();
  }
}
