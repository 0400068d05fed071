import assert from "node:assert/strict";
import { test } from "node:test";
import { Host } from "@basalt/plugin/testing";
import plugin from "../src/plugin.js";

const manifest = new URL("../plugin.toml", import.meta.url);

const make = (host, url) => host.request("POST", "/links-js", { json: { url } });

test("makes a link of the length that the operator wants", async () => {
  const host = new Host(plugin, manifest);
  host.setting("length", 12);
  host.onSql("insert into link", ({ parameters: [code, url] }) => [{ code, url, visits: 0 }]);
  const answer = await make(host, "https://example.com/a?b=c");
  const { code, url } = await answer.json();
  assert.equal(answer.status, 201);
  assert.equal(url, "https://example.com/a?b=c");
  assert.match(code, /^[a-z2-9]{12}$/);
  assert.equal(answer.headers.get("location"), `/to-js/${code}`);
});

test("tries another code where one is taken, and gives up at last", async () => {
  const host = new Host(plugin, manifest);
  host.onSql("insert into link", () => []);
  await assert.rejects(make(host, "https://example.com"), { code: "links.crowded" });
  const codes = host.statements.map(({ parameters: [code] }) => code);
  assert.equal(new Set(codes).size, 5);
});

test("follows nothing but the web", async () => {
  const host = new Host(plugin, manifest);
  for (const url of ["javascript:alert(1)", "ftp://example.com", "/relative", "https://", "https://a b", 7, undefined]) {
    await assert.rejects(make(host, url), { code: "request.invalid" }, String(url));
  }
});

test("counts a visit in the statement that finds it", async () => {
  const host = new Host(plugin, manifest);
  host.onSql("update link set visits = visits + 1", () => [{ url: "https://example.com" }]);
  const answer = await host.request("GET", "/to-js/abcdefg");
  assert.equal(answer.status, 302);
  assert.equal(answer.headers.get("location"), "https://example.com");
  assert.deepEqual(host.statements[0].parameters, ["abcdefg"]);
});

test("says when there is no such link", async () => {
  const host = new Host(plugin, manifest);
  host.onSql("link", () => []);
  await assert.rejects(host.request("GET", "/to-js/absent"), { code: "http.not-found" });
  await assert.rejects(host.request("GET", "/links-js/absent"), { code: "http.not-found" });
});
