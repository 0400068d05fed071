// `URLSearchParams`: what a query says. Percent-encoding is the engine's own; bytes that are not UTF-8 become U+FFFD, as the
// standard wants.

class URLSearchParams {
  #pairs;

  constructor(from = "") {
    this.#pairs = typeof from === "string" ? parse(from) : pairs(from);
  }

  get size() {
    return this.#pairs.length;
  }

  append(name, value) {
    this.#pairs.push([String(name), String(value)]);
  }

  delete(name, value) {
    this.#pairs = this.#pairs.filter((pair) => !is(pair, name, value));
  }

  get(name) {
    return this.#pairs.find(([known]) => known === name)?.[1] ?? null;
  }

  getAll(name) {
    return this.#pairs.filter(([known]) => known === name).map(([, value]) => value);
  }

  has(name, value) {
    return this.#pairs.some((pair) => is(pair, name, value));
  }

  set(name, value) {
    const at = this.#pairs.findIndex(([known]) => known === name);
    if (at < 0) return this.append(name, value);
    const kept = this.#pairs.filter(([known], place) => known !== name || place === at);
    this.#pairs = kept.map((pair) => (pair[0] === name ? [name, String(value)] : pair));
  }

  sort() {
    this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  }

  forEach(visit, self) {
    for (const [name, value] of this) visit.call(self, value, name, this);
  }

  keys() {
    return this.#pairs.map(([name]) => name).values();
  }

  values() {
    return this.#pairs.map(([, value]) => value).values();
  }

  entries() {
    return this.#pairs.map((pair) => [...pair]).values();
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  toString() {
    return this.#pairs.map((pair) => pair.map(encode).join("=")).join("&");
  }
}

const is = ([known, text], name, value) => known === name && (value === undefined || text === String(value));

function pairs(from) {
  const entries = typeof from[Symbol.iterator] === "function" ? [...from] : Object.entries(from);
  return entries.map(([name, value]) => [String(name), String(value)]);
}

function parse(text) {
  const parts = text.replace(/^\?/, "").split("&").filter(Boolean);
  return parts.map((part) => {
    const [name, ...rest] = part.split("=");
    return [decode(name), decode(rest.join("="))];
  });
}

function decode(text) {
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return lenient(spaced);
  }
}

/** What is no percent-encoding stays as it is. */
function lenient(text) {
  const bytes = [...new TextEncoder().encode(text)].map((byte) => String.fromCharCode(byte)).join("");
  const plain = bytes.replace(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
  return new TextDecoder().decode(Uint8Array.from(plain, (character) => character.charCodeAt(0)));
}

const encode = (text) =>
  encodeURIComponent(text.toWellFormed())
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");

globalThis.URLSearchParams = URLSearchParams;
