// What is said when a component cannot be made: the engine's words, with the author's places in place of the bundle's.

/** The engine's own words stand behind what the tools around it say. */
const WORDS = /^.*(?:evaluation|module): (?:Error: )?/;

const FRAME = /^\s*at (\S+) \(.*:(\d+):\d+\)$/;

/** A call of the host fails, where there is none. */
const CALL = /adapter (\S+)/;

export function explain({ message }, { files, lines }) {
  const [, call] = CALL.exec(message) ?? [];
  if (call) {
    return `\`${call}\` is asked of the host outside of all functions, and what stands there runs when the component is made: ask in a handler`;
  }
  const [first, ...frames] = message.split("\n");
  const places = frames.map((frame) => lines[FRAME.exec(frame)?.[2] - 1]).filter(Boolean);
  return [first.replace(WORDS, ""), ...places.map(([file, line]) => `    at ${files[file]}:${line}`)].join("\n");
}
