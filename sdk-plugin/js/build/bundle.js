// One module of all that a plugin imports, and what of the contract is left in it: what nobody uses is dropped, as in Rust.

import { fileURLToPath } from "node:url";
import { resolve } from "node:path";
import { build } from "esbuild";
import { specifier } from "./contract.js";
import { sources, statement } from "./sources.js";

const SDK = fileURLToPath(new URL("..", import.meta.url));

const sdk = (path) => JSON.stringify(SDK + path);

/** What the engine lacks, before any of the author's code runs. What needs a grant is there when the manifest wants it. */
function engine(wants) {
  const wanted = ["log", "clock", "random"].filter((name) => wants.includes(name));
  const given = (name) => (wanted.includes(name) ? name : "undefined");
  return [
    ...["engine/promise.js", "engine/text.js", "engine/query.js"].map((path) => `import ${sdk(path)};`),
    ...wanted.map((name) => `import * as ${name} from ${sdk(`src/${name}.js`)};`),
    `import { install as installConsole } from ${sdk("engine/console.js")};`,
    `import { install as installClock } from ${sdk("engine/clock.js")};`,
    `import { install as installRandom } from ${sdk("engine/random.js")};`,
    `installConsole(${given("log")}); installClock(${given("clock")}); installRandom(${given("random")});`,
  ].join("\n");
}

const entry = (main) => `
  import "basalt-engine";
  import plugin from ${JSON.stringify(main)};
  import { handler as serve } from ${sdk("engine/serve.js")};
  export const handler = serve(plugin);
`;

/** The contract's interfaces stay outside; those that nobody uses go. */
const host = (wants) => ({
  name: "host",
  setup(builder) {
    builder.onResolve({ filter: /^#host\// }, ({ path }) => outside(specifier(path.slice("#host/".length))));
    builder.onResolve({ filter: /^basalt:/ }, ({ path }) => outside(path));
    builder.onResolve({ filter: /^basalt-engine$/ }, ({ path }) => ({ path, namespace: "engine", sideEffects: true }));
    // Only what is used of it: its packages do not say that this can be told.
    builder.onResolve({ filter: /^core-js-pure/ }, ({ path, resolveDir, pluginData }) =>
      pluginData === "resolved" ? undefined : withoutEffects(builder, path, resolveDir),
    );
    builder.onLoad({ filter: /.*/, namespace: "engine" }, () => ({ contents: engine(wants), resolveDir: "." }));
  },
});

const outside = (path) => ({ path, external: true, sideEffects: false });

async function withoutEffects(builder, path, resolveDir) {
  const found = await builder.resolve(path, { resolveDir, kind: "import-statement", pluginData: "resolved" });
  return { ...found, sideEffects: false };
}

/** The module's code, the table of where it came from, and the interfaces that it imports. */
export async function bundle({ folder, main, wants }) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: entry(resolve(folder, main)), resolveDir: folder, sourcefile: "entry.js" },
    absWorkingDir: folder,
    outfile: "bundle.js",
    write: false,
    bundle: true,
    metafile: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["import", "default"],
    target: "es2024",
    // The engine's own promises run too late: see engine/promise.js.
    supported: { "async-await": false, "async-generator": false, "for-await": false },
    sourcemap: "external",
    inject: [`${SDK}lazy/url.js`, `${SDK}lazy/clone.js`],
    plugins: [host(wants)],
  });
  const [map, code] = ["bundle.js.map", "bundle.js"].map((name) => outputFiles.find(({ path }) => path.endsWith(name)).text);
  const [{ imports }] = Object.values(metafile.outputs).filter(({ entryPoint }) => entryPoint);
  const outside = imports.filter(({ external }) => external).map(({ path }) => path);
  const table = sources(code, map, folder);
  return { code: code + statement(table), table, imports: [...new Set(outside)] };
}
