// The contract's text, for tools that take one file: all packages of `wit/`, nested in one.

import { readFileSync, readdirSync } from "node:fs";

const FOLDER = new URL("../../../wit/", import.meta.url);

/** Each package: its name in the folder, what it is called (`basalt:sql`), its version, its text. */
function packages() {
  return readdirSync(FOLDER).map((folder) => {
    const text = readFileSync(new URL(`${folder}/${folder}.wit`, FOLDER), "utf8");
    const [declaration, name, version] = /^package ([a-z:-]+)@([0-9.]+);$/m.exec(text);
    return { folder, name, version, text: text.replace(declaration, `package ${name}@${version} {`).concat("}\n") };
  });
}

/** A text with the packages in it, and what else is given. */
export function contract(more = "") {
  return `package basalt:built;\n\n${more}\n${packages().map(({ text }) => text).join("\n")}`;
}

/** Interfaces that are not named after their package's folder. */
const PLACES = { body: ["types", "body"], http: ["http", "types"] };

/** What `#host/NAME` stands for: an interface with its version. */
export function specifier(host) {
  const [folder, name] = PLACES[host] ?? [host, host];
  const found = packages().find((each) => each.folder === folder);
  if (!found) throw new Error(`there is no capability ${host}`);
  return `${found.name}/${name}@${found.version}`;
}

/** The world of a plugin that imports just this, and answers requests. */
export function world(imports) {
  const { version } = packages().find(({ folder }) => folder === "http");
  const lines = imports.map((name) => `  import ${name};`).concat(`  export basalt:http/handler@${version};`);
  return contract(`world built {\n${lines.join("\n")}\n}\n`);
}
