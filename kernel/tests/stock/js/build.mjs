// Makes a component of a program: `node build.mjs app.js wit out.wasm`. WASI is not stubbed.
import { writeFile } from "node:fs/promises";
import { componentize } from "@bytecodealliance/componentize-js";

const [sourcePath, witPath, output] = process.argv.slice(2);
const { component } = await componentize({ sourcePath, witPath, worldName: "component" });
await writeFile(output, component);
