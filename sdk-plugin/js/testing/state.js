// What a test's host knows and what it saw. A new host begins anew; Node runs each file of tests in a process of its own.

export let state;

export function begin(manifest) {
  state = { manifest, settings: {}, secrets: {}, relations: [], rules: [], statements: [], sent: [], log: [], now: undefined };
  return state;
}

/** What answers: of several rules that fit, the latest. */
export function rule(kind, asked) {
  // A function is named whole; of statements and requests a part is enough.
  const fits = (text) => (kind === "identity" ? asked === text : asked.includes(text));
  const found = state.rules.findLast((each) => each.kind === kind && fits(each.text));
  if (!found) throw new Error(`the test has no answer for ${kind} \`${asked}\``);
  return found.answer;
}

/** Fails a test whose plugin uses what its manifest does not want: the kernel would refuse it. */
export function wanted(capability) {
  if (state.manifest.wants(capability)) return;
  throw new Error(`the plugin uses \`${capability}\`, and its manifest has no [want.${capability}]`);
}

/** A failure as the contract has it, which is what the SDK expects of a host. */
export function refuse(code, message) {
  throw { code, message, details: null, hint: null };
}

