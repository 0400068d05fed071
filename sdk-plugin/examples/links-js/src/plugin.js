// Short links that count their visits: `POST /links-js` makes one, `GET /to-js/{code}` follows it, `GET /links-js/{code}` says how often that
// was done.

import { Response, log, problem, router, sql } from "@basalt/plugin";
import { code } from "./code.js";
import { address } from "./address.js";

/** How often another code is tried where one is taken already. */
const ATTEMPTS = 5;

export default router({
  make: async (request) => {
    const { url } = await request.json();
    const link = await make(address(url));
    log.info("made a link", { code: link.code });
    return Response.json(link, { status: 201, headers: { location: `/to-js/${link.code}` } });
  },
  show: (_, { code }) => show(code),
  visit: (_, { code }) => visit(code),
});

/** @param {string} url */
async function make(url) {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const [link] = await sql.write`
      insert into link (code, url) values (${code()}, ${url})
      on conflict do nothing
      returning code, url, visits`;
    if (link) return link;
  }
  throw problem("links.crowded", "No code is free", { hint: "an operator can raise the setting `length`" });
}

/** @param {string} code */
async function visit(code) {
  const [link] = await sql.write`update link set visits = visits + 1 where code = ${code} returning url`;
  if (!link) throw absent(code);
  return new Response(null, { status: 302, headers: { location: link.url, "cache-control": "no-store" } });
}

/** @param {string} code */
async function show(code) {
  const [link] = await sql`select code, url, made, visits from link where code = ${code}`;
  return link ?? Promise.reject(absent(code));
}

/** @param {string} code */
const absent = (code) => problem("http.not-found", `There is no link ${code}`);
