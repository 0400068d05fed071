// UTF-8 by what the engine has natively, because a loop over bytes would cost a hundred times as much: `escape` and
// `decodeURIComponent` know it, and `btoa` takes bytes as characters.

/** How many bytes become characters at once: each is an argument. */
const CHUNK = 8192;

/** A well-formed sequence, or a byte that belongs to none. */
const SEQUENCE = /[\x00-\x7f]+|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[^]/g;

class TextEncoder {
  get encoding() {
    return "utf-8";
  }

  encode(text = "") {
    return Uint8Array.fromBase64(btoa(unescape(encodeURIComponent(String(text).toWellFormed()))));
  }
}

class TextDecoder {
  #fatal;
  #keepsMark;

  constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    if (!/^utf-?8$/i.test(label)) throw new RangeError(`TextDecoder knows UTF-8 only, not ${label}`);
    this.#fatal = fatal;
    this.#keepsMark = ignoreBOM;
  }

  get encoding() {
    return "utf-8";
  }

  get fatal() {
    return this.#fatal;
  }

  decode(input = new Uint8Array()) {
    const text = this.#decode(characters(toBytes(input)));
    return this.#keepsMark ? text : text.replace(/^\ufeff/, "");
  }

  #decode(text) {
    if (!/[\x80-\xff]/.test(text)) return text;
    try {
      return decodeURIComponent(escape(text));
    } catch {
      if (this.#fatal) throw new TypeError("These bytes are not UTF-8");
      return text.replace(SEQUENCE, replaced);
    }
  }
}

const toBytes = (input) =>
  ArrayBuffer.isView(input) ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength) : new Uint8Array(input);

function characters(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode.apply(null, bytes.subarray(at, at + CHUNK));
  return text;
}

function replaced(sequence) {
  try {
    return decodeURIComponent(escape(sequence));
  } catch {
    return "\ufffd";
  }
}

Object.assign(globalThis, { TextDecoder, TextEncoder });
