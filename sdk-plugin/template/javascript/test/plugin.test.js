import assert from "node:assert/strict";
import { test } from "node:test";
import { Host } from "@basalt/plugin/testing";
import plugin from "../src/plugin.js";

const manifest = new URL("../plugin.toml", import.meta.url);

test("greets by name", async () => {
  const host = new Host(plugin, manifest);
  const answer = await host.request("GET", "/my-plugin/Ann");
  assert.deepEqual(await answer.json(), { message: "Hello, Ann!" });
  assert.equal(host.log[0].message, "greeting Ann");
});

test("greets with the word that the operator set", async () => {
  const host = new Host(plugin, manifest);
  host.setting("greeting", "Ahoj");
  const answer = await host.request("GET", "/my-plugin/Ann");
  assert.deepEqual(await answer.json(), { message: "Ahoj, Ann!" });
});
