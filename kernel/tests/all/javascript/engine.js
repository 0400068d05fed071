// What the language and its surroundings give a plugin, one question each; the answer is what was not as it should be. The list in
// docs/writing-plugins.md says no more than this.

import { router } from "@basalt/plugin";

const same = (value, expected) => {
  if (JSON.stringify(value) !== JSON.stringify(expected)) throw new Error(`${JSON.stringify(value)} is not ${JSON.stringify(expected)}`);
};

const thrown = (work) => {
  try {
    return `no error but ${work()}`;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};

async function* counted(to) {
  for (let at = 1; at <= to; at++) yield await at;
}

class Counter {
  #count = 0;
  static made = 0;

  static {
    Counter.made = 1;
  }

  get next() {
    return ++this.#count;
  }
}

/** Runs when the component is made. */
const atBuild = { moment: typeof Date, parsed: new Date("2026-01-31T10:00:00Z").getTime() };

const checks = {
  "async functions": async () => same(await (async () => (await 1) + (await Promise.resolve(1)))(), 2),
  "for await": async () => {
    const all = [];
    for await (const one of counted(3)) all.push(one);
    same(all, [1, 2, 3]);
  },
  "the order of callbacks": async () => {
    const order = [];
    queueMicrotask(() => order.push("job"));
    const settled = Promise.resolve().then(() => order.push("then"));
    order.push("now");
    await settled;
    same(order, ["now", "job", "then"]);
  },
  "Promise.all, any, race, allSettled": async () => {
    const failed = () => Promise.reject(new Error("no"));
    same(await Promise.all([1, Promise.resolve(2)]), [1, 2]);
    same(await Promise.any([failed(), 2]), 2);
    same(await Promise.race([new Promise(() => {}), Promise.resolve(3)]), 3);
    same((await Promise.allSettled([failed(), 4])).map(({ status }) => status), ["rejected", "fulfilled"]);
  },
  "Promise.withResolvers and try": async () => {
    const { promise, resolve } = Promise.withResolvers();
    queueMicrotask(() => resolve(5));
    same([await promise, await Promise.try((value) => value, 6)], [5, 6]);
  },
  "errors of promises": async () => {
    let last = "";
    try {
      await Promise.reject(new RangeError("far")).finally(() => (last = "finally"));
    } catch (error) {
      same([error.name, error.message, last, error instanceof RangeError], ["RangeError", "far", "finally", true]);
    }
  },
  "private fields, getters, static blocks": () => {
    const counter = new Counter();
    same([counter.next, counter.next, Counter.made], [1, 2, 1]);
  },
  "destructuring, optional chaining, numeric separators": () => {
    const { a: { b = 2, ...rest } = {}, ...others } = { a: { c: 3 }, d: 1_000 };
    same([b, rest, others, others?.e?.f ?? "none"], [2, { c: 3 }, { d: 1000 }, "none"]);
  },
  generators: () => same([...(function* () { yield* [1, 2]; })()], [1, 2]),
  "iterator helpers": () => same(Iterator.from([1, 2, 3]).filter((one) => one % 2).map((one) => one * 2).toArray(), [2, 6]),
  "sets and grouping": () => same([[...new Set([1]).union(new Set([2]))], Object.groupBy([1, 2], (one) => (one % 2 ? "odd" : "even"))], [[1, 2], { odd: [1], even: [2] }]),
  "arrays that stay": () => same([[3, 1].toSorted(), [1, 2].toReversed(), [1, 2].with(0, 9), [1, 2, 3].findLast((one) => one < 3), [1].at(-1)], [[1, 3], [2, 1], [9, 2], 2, 1]),
  BigInt: () => same(String(2n ** 64n), "18446744073709551616"),
  "typed arrays and base64": () => same([new Uint8Array([1, 255]).toHex(), Uint8Array.fromBase64("aGk=").toBase64(), atob("aGk="), btoa("hi")], ["01ff", "aGk=", "hi", "aGk="]),
  "regular expressions": () => same(["2026-01".replace(/(?<year>\d+)-(?<month>\d+)/u, "$<month>/$<year>"), /(?<!a)b/.test("cb"), /^\p{L}+$/v.test("äé"), [..."a1b2".matchAll(/\d/g)].length], ["01/2026", true, true, 2]),
  "text": () => same(["e\u0301".normalize("NFC"), "a".padStart(3, "-"), "aXbX".replaceAll("X", ""), "\ud800".isWellFormed()], ["é", "--a", "ab", false]),
  JSON: () => same(JSON.parse('{"a":[1,null,"ä"]}', (key, value) => (key === "a" ? value.length : value)), { a: 3 }),
  "Date, in UTC": () => same([new Date(2026, 0, 31, 10).toISOString(), new Date("2026-01-31T10:00:00+02:00").getTime(), new Date(0).getTimezoneOffset()], ["2026-01-31T10:00:00.000Z", 1769846400000, 0]),
  "Date at build": () => same(atBuild, { moment: "function", parsed: 1769853600000 }),
  "Date.now, new Date()": () => same([Date.now() > 1.7e12, Math.abs(new Date() - Date.now()) < 1000, new Date() instanceof Date], [true, true, true]),
  "performance.now": () => {
    const before = performance.now();
    same(performance.now() >= before, true);
  },
  "Math.random": () => {
    const drawn = new Set(Array.from({ length: 100 }, () => Math.random()));
    same([drawn.size, [...drawn].every((one) => one >= 0 && one < 1)], [100, true]);
  },
  "crypto.getRandomValues, randomUUID": () => {
    const words = crypto.getRandomValues(new Uint32Array(4));
    same([words.some((word) => word > 0), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())], [true, true]);
  },
  TextEncoder: () => same([...new TextEncoder().encode("aä€😀\ud800")], [97, 195, 164, 226, 130, 172, 240, 159, 152, 128, 239, 191, 189]),
  TextDecoder: () => {
    const decode = (...bytes) => new TextDecoder().decode(Uint8Array.from(bytes));
    same([decode(97, 195, 164, 226, 130, 172, 240, 159, 152, 128), decode(239, 187, 191, 97), decode(97, 255, 98), decode()], ["aä€😀", "a", "a\ufffdb", ""]);
    same(thrown(() => new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.of(195))), "TypeError: These bytes are not UTF-8");
    same(thrown(() => new TextDecoder("latin1")), "RangeError: TextDecoder knows UTF-8 only, not latin1");
  },
  "large texts": () => {
    const text = "aä€😀".repeat(50_000);
    same(new TextDecoder().decode(new TextEncoder().encode(text)) === text, true);
  },
  URLSearchParams: () => {
    const query = new URLSearchParams("?a=1&b=%C3%A4+c&a=2&d&e=%zz&f=%ff&=g");
    same([...query], [["a", "1"], ["b", "ä c"], ["a", "2"], ["d", ""], ["e", "%zz"], ["f", "\ufffd"], ["", "g"]]);
    query.set("a", "3");
    query.delete("d");
    query.append("h", "i j&k=l~");
    same([query.getAll("a"), query.get("x"), query.has("b", "no"), query.size], [["3"], null, false, 6]);
    same(query.toString(), "a=3&b=%C3%A4+c&e=%25zz&f=%EF%BF%BD&=g&h=i+j%26k%3Dl%7E");
    same(new URLSearchParams({ z: 1, y: "2" }).toString(), "z=1&y=2");
    const sorted = new URLSearchParams([["b", "1"], ["a", "2"], ["b", "0"]]);
    sorted.sort();
    same([...sorted.keys()].concat(...sorted.values()), ["a", "b", "b", "2", "1", "0"]);
  },
  URL: () => {
    const url = new URL("../c?d=1#e", "https://user@bücher.example:443/a/b/");
    same([url.href, url.searchParams.get("d"), URL.canParse("no url")], ["https://user@xn--bcher-kva.example/a/c?d=1#e", "1", false]);
  },
  structuredClone: () => {
    const from = { date: new Date(0), map: new Map([["a", [1]]]), bytes: new Uint8Array([1]) };
    const clone = structuredClone(from);
    same([clone.date.getTime(), clone.map.get("a"), clone.bytes[0], clone.map !== from.map], [0, [1], 1, true]);
  },
  console: () => console.log("a line", { of: ["the log"] }, 7, null),
  "WeakRef, Symbol.dispose": () => same([typeof WeakRef, typeof Symbol.dispose, typeof Error.captureStackTrace], ["function", "symbol", "function"]),
  "what is not there": () => {
    const names = ["setTimeout", "setInterval", "Intl", "WebSocket", "ReadableStream", "Worker", "process", "require", "Buffer", "fetch", "Temporal"];
    same(names.filter((name) => name in globalThis), []);
    same(typeof crypto.subtle, "undefined");
  },
};

export default router({
  "GET /": async () => {
    const failed = {};
    for (const [name, check] of Object.entries(checks)) {
      try {
        await check();
      } catch (error) {
        failed[name] = `${error.name}: ${error.message}`;
      }
    }
    return { checked: Object.keys(checks).length, failed };
  },
});
