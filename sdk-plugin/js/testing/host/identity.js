// `identity` as a test scripts it, function by function.

import { rule, wanted } from "../state.js";

const act = (name) => (...given) => {
  wanted("identity");
  return rule("identity", name)(...given.map(plain));
};

/** Objects cross as JSON text; a test sees objects. */
function plain(value) {
  try {
    return typeof value === "string" && value.startsWith("{") ? JSON.parse(value) : value;
  } catch {
    return value;
  }
}

const text = (name) => (...given) => {
  const value = act(name)(...given);
  return value === null || value === undefined ? null : JSON.stringify(value);
};

/** A test gives `{ user, method }`. */
const proof = (name) => (...given) => {
  const { user, method = "password" } = act(name)(...given);
  return { user: () => JSON.stringify(user), method: () => method };
};

export const [audit, signOut, endSession, deleteUser, endSessions, resetAttempts, recoveryCodes] =
  ["audit", "signOut", "endSession", "deleteUser", "endSessions", "resetAttempts", "recoveryCodes"].map(act);
export const [signUp, verifyPassword, redeem, redeemHash, vouch] =
  ["signUp", "verifyPassword", "redeem", "redeemHash", "vouch"].map(proof);
export const [current, policy, keys, decoy, startSession, refresh, sessions, findUser, updateUser] =
  ["current", "policy", "keys", "decoy", "startSession", "refresh", "sessions", "findUser", "updateUser"].map(text);
export const [enrol, challenge, verify, unenrol, recover, issue, createUser, listUsers, impersonate] =
  ["enrol", "challenge", "verify", "unenrol", "recover", "issue", "createUser", "listUsers", "impersonate"].map(text);
