// From a method and a path, or a route of the manifest, to a handler. It deliberately has no layers: what stands in front of handlers
// is a filter, and the kernel has chosen the route before.

import { problem } from "./problem.js";

/** Handlers by `"GET /orders/{id}"`, a path below the mount, or by `"GET export"`, a route's name; without a method, by any. */
export function router(handlers) {
  const entries = Object.entries(handlers).map(([key, handler]) => ({ ...place(key), handler }));
  return (request) => {
    const fitting = entries.filter((entry) => fits(entry, request));
    const found = fitting.find(({ method }) => !method || method === request.method || isHead(method, request));
    if (!found) throw refusal(request, fitting);
    return found.handler(request, found.pattern ? parameters(found, request) : request.params);
  };
}

function place(key) {
  const [, method, target] = /^(?:([A-Z]+) )?(\S+)$/.exec(key) ?? [];
  if (!target) throw new TypeError(`"${key}" is not a method and a path, or a method and a route's name`);
  return target.startsWith("/") ? { method, pattern: pattern(target), names: names(target) } : { method, route: target };
}

const PARAMETER = /\{(\*?)(\w+)\}/g;

/** `/orders/{id}` and, at the end, `/files/{*rest}`, as manifests write them. */
const pattern = (target) =>
  new RegExp(`^${target.replace(/[.+?^$()|[\]\\]/g, "\\$&").replace(PARAMETER, (_, rest) => (rest ? "(.+)" : "([^/]+)"))}$`);

const names = (target) => [...target.matchAll(PARAMETER)].map(([, , name]) => name);

/** The kernel leaves the content of an answer to HEAD out. */
const isHead = (method, request) => method === "GET" && request.method === "HEAD";

const fits = ({ route, pattern }, request) => (pattern ? pattern.test(below(request)) : route === request.route);

/** The path below the mount; a mount and the slash below it are one path. */
const below = ({ path, mount }) => path.slice(mount.length) || "/";

function parameters({ pattern, names }, request) {
  const [, ...values] = pattern.exec(below(request));
  return Object.fromEntries(names.map((name, at) => [name, decode(values[at])]));
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    throw problem("request.invalid", "The path is not percent-encoded UTF-8");
  }
}

function refusal(request, fitting) {
  if (fitting.length === 0) return problem("http.not-found", `Nothing is at ${below(request)} here`);
  const methods = fitting.map(({ method }) => method).join(", ");
  return problem("http.method-not-allowed", `This path answers ${methods}`);
}
