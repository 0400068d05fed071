// The table that `engine/stack.js` reads: which line of the component's code was which line of the author's files. Their files
// only: nobody looks for a mistake in somebody else's.

import { SourceMap } from "node:module";
import { relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const SDK = fileURLToPath(new URL("..", import.meta.url));

const isTheirs = (path) => !path.startsWith(SDK) && !path.includes(`${sep}node_modules${sep}`) && !path.endsWith("entry.js");

/** The table: `files` by number, and for each line of the code a file's number and a line, or 0. */
export function sources(code, map, folder) {
  const table = new SourceMap(JSON.parse(map));
  const files = [];
  const lines = code.split("\n").map((text, at) => place(table, text, at, folder, files));
  return { files, lines };
}

/** A statement that leaves the table behind. */
export const statement = (table) => `globalThis.basaltSources = ${JSON.stringify(table)};\n`;

function place(table, text, at, folder, files) {
  const { generatedLine, originalSource, originalLine } = table.findEntry(at, text.search(/\S|$/));
  const path = resolve(folder, originalSource ?? "entry.js");
  if (generatedLine !== at || !isTheirs(path)) return 0;
  const name = relative(folder, path);
  if (!files.includes(name)) files.push(name);
  return [files.indexOf(name), originalLine + 1];
}
