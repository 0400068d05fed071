// What the operator set for this plugin. It deliberately keeps nothing: settings do not change while an instance lives.

import { get as read } from "#host/settings";
import { problem } from "./problem.js";

export function get(key) {
  const text = read(key);
  if (text === null || text === undefined) throw problem("settings.missing", `The manifest declares no setting \`${key}\``);
  return JSON.parse(text);
}
