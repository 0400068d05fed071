// `settings`: the test's, else the manifest's defaults.

import { state, wanted } from "../state.js";

export function get(key) {
  wanted("settings");
  const value = state.settings[key] ?? state.manifest.setting(key);
  return value === undefined ? null : JSON.stringify(value);
}
