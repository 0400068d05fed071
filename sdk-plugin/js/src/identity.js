// Who is calling, and the users, sessions and proofs behind that: what login flows are written over. It deliberately keeps no proof: one
// ends with the call that it was made in.

import {
  audit as note, challenge as askCode, createUser as create, current as caller, decoy as pretend, deleteUser as remove,
  endSession as end, endSessions as endAll, enrol as begin, findUser as find, impersonate as become, issue as make,
  keys as published, listUsers as list, policy as rules, recover as useUp, recoveryCodes as codes, redeem as prove,
  redeemHash as proveHash, refresh as next, resetAttempts as pardon, sessions as held, signOut as leave, signUp as join,
  startSession as start, unenrol as drop, updateUser as change, verify as check, verifyPassword as match, vouch as trust,
} from "#host/identity";
import { ask } from "./problem.js";

const object = (call) => {
  const text = ask(call);
  return text === null || text === undefined ? null : JSON.parse(text);
};
const text = (value) => JSON.stringify(value ?? {});

/** `{ id }`, `{ email }` or `{ phone }`. */
function account(given) {
  const [[tag, val] = []] = Object.entries(given ?? {});
  if (!["id", "email", "phone"].includes(tag)) throw new TypeError("a user is named by { id }, { email } or { phone }");
  return { tag, val: String(val) };
}

/** What the kernel saw proven. */
class Proof {
  #held;

  constructor(held) {
    this.#held = held;
  }

  get user() {
    return JSON.parse(this.#held.user());
  }

  get method() {
    return this.#held.method();
  }

  /** Signs the user in; a proof is good once. */
  async startSession() {
    return object(() => start(this.#held));
  }
}

const proof = (call) => new Proof(ask(call));

export const current = () => JSON.parse(caller());
export const policy = () => JSON.parse(rules());
export const keys = async () => object(() => published());
export const audit = async (event, details) => ask(() => note(event, text(details)));

export const signUp = async (user, password = null) => proof(() => join(text(user), password));
export const decoy = async (user) => object(() => pretend(text(user)));
export const verifyPassword = async (user, password) => proof(() => match(account(user), password));

export const refresh = async (token) => object(() => next(token));
export const signOut = async (reach = "this") => ask(() => leave(reach));
export const sessions = async (user) => object(() => held(user)).sessions;
export const endSession = async (id) => ask(() => end(id));
export const findUser = async (user) => object(() => find(account(user)));
export const updateUser = async (id, changes, password = null) => object(() => change(id, text(changes), password));

export const enrol = async (factor) => object(() => begin(text(factor)));
export const challenge = async (factor) => object(() => askCode(factor));
export const verify = async (factor, challenge, code) => object(() => check(factor, challenge, code));
export const unenrol = async (factor) => object(() => drop(factor));
export const recoveryCodes = async () => ask(() => codes());
export const recover = async (code) => object(() => useUp(code));

export const issue = async (kind, user) => object(() => make(kind, account(user)));
export const redeem = async (kind, user, token) => proof(() => prove(kind, account(user), token));
export const redeemHash = async (kind, hash) => proof(() => proveHash(kind, hash));
export const vouch = async (user, method) => proof(() => trust(user, method));

export const createUser = async (user, password = null) => object(() => create(text(user), password));
export const listUsers = async ({ page = 1, perPage = 50, filter = "" } = {}) => object(() => list(page, perPage, filter));
export const deleteUser = async (id, { soft = false } = {}) => ask(() => remove(id, soft));
export const endSessions = async (user) => ask(() => endAll(user));
export const impersonate = async (user) => object(() => become(user));
export const resetAttempts = async (user) => ask(() => pardon(user));
