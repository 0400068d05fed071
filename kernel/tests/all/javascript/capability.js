// Every capability, as an author calls it.

import { Body, Problem, Response, clock, dispatch, fetch, log, problem, random, router, schema, secret, settings, sql } from "@basalt/plugin";

/** Called where it is wrong: its place has to be in the log. */
function stumble(order) {
  return order.lines.length;
}

const asked = async (work) => {
  try {
    return await work();
  } catch (error) {
    return { code: error.code, message: error.message, details: error.details, hint: error.hint, isProblem: error instanceof Problem };
  }
};

/** What an instance remembers. */
let calls = 0;

export default router({
  "GET /calls": () => ++calls,
  "GET /request/{name}": async (request, { name }) => ({
    name,
    params: request.params,
    query: request.query.get("q"),
    header: [request.header("X-One"), request.headers.get("x-ONE"), request.headers.has("authorization")],
    rest: [request.method, request.route, request.path, request.mount, request.role, request.authenticated, request.id.length],
  }),
  "POST /json": async (request) => Response.json({ got: await request.json() }, { status: 201, headers: { "X-Made": "yes" } }),
  "POST /text": async (request) => (await request.text()).toUpperCase(),
  "POST /bytes": async (request) => new Response((await request.bytes()).toReversed(), { headers: { "content-type": "application/x" } }),
  "POST /echo": (request) => new Response(Body.concat([new Body(new TextEncoder().encode("<")), request.body, new Body([62])])),
  "GET /nothing": () => {},
  "DELETE /nothing": () => new Response(null, { status: 205 }),
  "GET /files/{*rest}": (_, { rest }) => rest,
  "GET /problem": () => {
    throw problem("order.sold-out", "There is none left", { details: { left: 0 }, hint: "come back tomorrow" });
  },
  "GET /stumble": async () => stumble({}),
  "GET /cause": () => {
    throw new Error("outer", { cause: new TypeError("inner") });
  },
  "GET /thrown": () => {
    throw "just text";
  },
  "GET /never": () => new Promise(() => {}),
  "GET /forgotten": () => {
    Promise.reject(new Error("forgotten"));
    return "answered";
  },
  "GET /value": () => ({ toJSON: () => "a value" }),
  "GET /wrong": () => 1n,
  "GET /sql": async () => {
    await sql.write`delete from note`;
    const [first] = await sql.write`insert into note (text, tags, data, at) values (${"it's"}, ${["a", 'b"\\', null]}, ${{ deep: [1] }}, ${new Date(0)}) returning *`;
    await sql.write`insert into note (text) values (${null})`;
    const many = await sql`select 1::int2 as small, 2::int8 as large, 1.50::numeric as exact, 0.5::float8 as half, true as yes, null as nothing, '{"a":1}'::json as json, ${new Uint8Array([0, 255])}::bytea as bytes`;
    return { first, many, count: await sql.write.count`update note set text = 'x'`, none: await sql`select 1 where false` };
  },
  "GET /sql/body": async () => new Response(await sql.body`select json_agg(g) from generate_series(1, 3) g`, { headers: { "content-type": "application/json" } }),
  "GET /sql/failures": async () => ({
    readOnly: await asked(() => sql`insert into note (text) values ('no')`),
    syntax: await asked(() => sql`selec`),
    notGranted: await asked(() => sql.caller`select 1`),
    undone: await asked(() => sql.transaction(async (sql) => { await sql`insert into note (text) values ('undone')`; throw problem("note.no", "no"); })),
    done: await asked(() => sql.transaction(async (sql) => { await sql`insert into note (text) values ('done')`; return sql.count`update note set text = text`; })),
    left: await sql`select text from note where text in ('undone', 'done')`,
  }),
  "GET /many/{count}": async (_, { count }) => (await sql`select g from generate_series(1, ${count}) g`).length,
  "GET /rest": async () => ({
    setting: settings.get("greeting"),
    missing: await asked(() => settings.get("absent")),
    secret: await secret.get("key"),
    unset: await asked(() => secret.get("other")),
    schemas: schema.schemas(),
    relation: await schema.relation("public", "absent"),
    clock: Math.abs(clock.now() - Date.now()) < 1000 && clock.monotonic() > 0,
    random: [random.bytes(3).length, random.uuid().length],
  }),
  "GET /log": () => {
    log.warn("a warning", { name: "value", number: 1 });
    console.error("an error", new Error("inside"));
  },
  "GET /dispatch": async () => {
    const answer = await dispatch("/js/json", { method: "POST", body: "[1]" });
    return { status: answer.status, made: answer.headers.get("x-made"), json: await answer.json(), refused: await asked(() => dispatch("/js/nothing")), odd: await asked(() => dispatch("/js/json", { redirect: "follow" })) };
  },
  "GET /fetch": async (request) => {
    const url = request.query.get("url");
    const answer = await fetch(url, { method: "post", headers: { "X-Sent": "ä".length }, body: "sent", timeout: 2000 });
    return { status: answer.status, ok: answer.ok, type: answer.headers.get("content-type"), text: await answer.text(), refused: await asked(() => fetch("https://example.com")) };
  },
  "GET /hand-on": (request) => fetch(request.query.get("url")),
});
