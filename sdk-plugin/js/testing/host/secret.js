// `secret`: the test's.

import { refuse, state, wanted } from "../state.js";

export function get(name) {
  wanted("secret");
  return state.secrets[name] ?? refuse("secret.unset", `The secret ${name} is not set`);
}
