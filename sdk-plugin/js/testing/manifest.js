// What of a manifest matters to a test: routes, what is wanted, and the defaults of settings. It deliberately does not check the
// rest: `basalt plugin build` does.

import { parse } from "smol-toml";

export class Manifest {
  #toml;

  constructor(text) {
    this.#toml = parse(text);
  }

  wants(capability) {
    return capability in (this.#toml.want ?? {});
  }

  setting(name) {
    return this.#toml.setting?.find((setting) => setting.name === name)?.default;
  }

  /** The head of a request, once the kernel has chosen its route: of several that fit the one with the fewest parameters. */
  head(method, path) {
    const routes = (this.#toml.route ?? []).filter(({ methods = [] }) => methods.length === 0 || methods.includes(method));
    const heads = routes.flatMap((route) => route.mounts.map((mount) => head(route, mount, method, path))).filter(Boolean);
    return heads.sort((a, b) => a.params.length - b.params.length)[0];
  }
}

const PARAMETER = /\{(\*?)([^}]+)\}/g;

function head({ name, path: pattern }, hungAt, method, path) {
  const mount = hungAt.replace(/\/$/, "");
  const whole = `${mount}${pattern}`.replace(/[.+?^$()|[\]\\]/g, "\\$&").replace(PARAMETER, (_, rest) => (rest ? "(.+)" : "([^/]+)"));
  const found = new RegExp(`^${whole}$`).exec(path);
  if (!found) return undefined;
  const params = [...pattern.matchAll(PARAMETER)].map(([, , key], at) => [key, decodeURIComponent(found[at + 1])]);
  return { method, route: name, path, mount, query: null, params };
}
