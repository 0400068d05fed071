// Where an error came from, in the author's files: the build leaves a table of which line of the component's code was which line
// of theirs.

/** A line of a stack, as the engine writes it. */
const FRAME = /^\s*at (.+) \(.*:(\d+):\d+\)$/;

/** The frames of an error that are the author's: `deep (src/plugin.js:3)`. */
export function frames(error) {
  return String(error.stack ?? "").split("\n").map(frame).filter(Boolean);
}

function frame(line) {
  const [, name, number] = FRAME.exec(line) ?? [];
  // The table stands at the end of the code: while the component is made, it may not be there yet.
  const { files, lines } = globalThis.basaltSources ?? { files: [], lines: [] };
  const place = lines[number - 1];
  if (!place) return undefined;
  const where = `${files[place[0]]}:${place[1]}`;
  return name === "<anonymous>" ? where : `${name} (${where})`;
}
