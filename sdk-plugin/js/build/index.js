// `node build --out FILE --wants log,sql [--dev]`, in the folder of a plugin: from its source to a component that imports nothing but the
// contract. It packs nothing: `basalt plugin build` does.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { componentize } from "componentize-qjs";
import { bundle } from "./bundle.js";
import { world } from "./contract.js";
import { explain } from "./fault.js";

async function run() {
  const options = { out: { type: "string" }, wants: { type: "string" }, dev: { type: "boolean" } };
  const { values } = parseArgs({ options });
  const { main = "src/plugin.js" } = JSON.parse(readFileSync("package.json", "utf8"));
  const made = await bundle({ folder: process.cwd(), main, wants: values.wants.split(",") });
  const folder = dirname(values.out);
  mkdirSync(folder, { recursive: true });
  // Beside the component, for whoever wants to look at them.
  const [witPath, jsPath] = ["world.wit", "bundle.js"].map((name) => join(folder, name));
  writeFileSync(witPath, world(made.imports));
  writeFileSync(jsPath, made.code);
  writeFileSync(values.out, await component(made, { witPath, jsPath, optSize: values.dev }));
}

/** Without the asynchronous calls and the WASI that this contract does not have. `optSize` is the same engine, compiled to be small. */
async function component({ code, table }, options) {
  try {
    const made = await componentize({ ...options, jsSource: code, world: "built", sync: true, stubWasi: true });
    return made.component;
  } catch (error) {
    throw new Error(explain(error, table));
  }
}

try {
  await run();
} catch (error) {
  // The bundler has said it already.
  if (!error.errors) console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
