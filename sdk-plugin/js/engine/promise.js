// Promises whose callbacks run before the call of the host returns. The engine's own would run some time later, and there is no
// later: a component of this contract answers each call at once. `await` comes here too, because the build turns it into promises.

import "./timer.js";
import Promise from "promise-polyfill";

delete globalThis.setTimeout;

/** What waits for its turn. */
const jobs = [];

Promise._immediateFn = (job) => jobs.push(job);
Promise._unhandledRejectionFn = (error) => console.error("A promise failed that nobody waits for:", error);

Promise.withResolvers ??= () => {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
};

Promise.try ??= (work, ...values) => new Promise((resolve) => resolve(work(...values)));

globalThis.Promise = Promise;
globalThis.queueMicrotask = (job) => jobs.push(job);

/** What a promise came to, once everything has run that can. */
export function wait(promise) {
  let outcome;
  promise.then((value) => (outcome = { value }), (error) => (outcome = { error }));
  for (let at = 0; at < jobs.length; at++) jobs[at]();
  jobs.length = 0;
  if (!outcome) throw new Error("The handler waits for a promise that nobody can fulfil any more");
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}
