// `node types.js JCO FOLDER`: the contract as TypeScript, made by jco's generator from the WIT. Run by `cargo xtask bless`; what it makes
// is checked in, so that no author has to install jco.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { contract } from "./contract.js";

const [, , packages, folder] = process.argv;
const generator = createRequire(join(packages, "package.json")).resolve("@bytecodealliance/jco-transpile/component");
const { $init, generateTypes } = await import(pathToFileURL(generator));
await $init;

const wit = { tag: "source", val: contract() };
const options = { wit, world: "basalt:plugin/full-plugin@0.1.0", guest: true, features: { tag: "list", val: [] } };
rmSync(folder, { recursive: true, force: true });
for (const [name, bytes] of generateTypes("basalt", options)) {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  // The generator is for engines that give 64-bit integers as BigInt; this one gives numbers.
  writeFileSync(path, Buffer.from(bytes).toString().replace(/\bbigint\b/g, "number"));
}
