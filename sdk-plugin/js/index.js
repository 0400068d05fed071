// What a plugin is written with, gathered. It deliberately adds nothing: each capability is one file in `src/`. What a plugin
// does not import is not in its component, and needs no grant.

export * as clock from "./src/clock.js";
export { dispatch } from "./src/dispatch.js";
export { fetch } from "./src/fetch.js";
export { Body, Headers, Request, Response } from "./src/http.js";
export * as identity from "./src/identity.js";
export * as log from "./src/log.js";
export { Problem, problem } from "./src/problem.js";
export * as random from "./src/random.js";
export { router } from "./src/router.js";
export * as schema from "./src/schema.js";
export * as secret from "./src/secret.js";
export * as settings from "./src/settings.js";
export { sql } from "./src/sql.js";
