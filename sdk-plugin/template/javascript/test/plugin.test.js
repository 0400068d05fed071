import assert from "node:assert/strict";
import { test } from "node:test";
import { Host } from "@basalt/plugin/testing";
import plugin from "../src/plugin.js";

const manifest = new URL("../plugin.toml", import.meta.url);

test("says hello to whom the path names", async () => {
  const host = new Host(plugin, manifest);
  const answer = await host.request("GET", "/my-plugin/Ada");
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), "hello, Ada");
  assert.deepEqual(host.log, [{ level: "info", message: "said hello", fields: { name: "Ada" } }]);
});
