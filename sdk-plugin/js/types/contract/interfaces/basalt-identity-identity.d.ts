/// <reference path="./basalt-types-problem.d.ts" />
declare module 'basalt:identity/identity@0.1.0' {
  /**
   * ---- who is calling: no scope
   * The caller of this request: `{"role", "sub", "session_id", "aal", "is_anonymous", "key_id", "claims": {…}}`, null where
   * there is none; `claims` are those of the token as they were signed.
   */
  export function current(): Json;
  /**
   * What the operator decided: `{"sign_up", "anonymous_users", "confirm_email", "access_token_lifetime",
   * "refresh_token_lifetime", "password": {"min_length", "require_upper", "require_digit", "require_symbol"}}`; times in seconds.
   */
  export function policy(): Json;
  /**
   * The public keys that tokens of this instance can be checked with, as a JWK Set (RFC 7517); empty while tokens are signed
   * with the shared secret.
   */
  export function keys(): Json;
  /**
   * Notes that something happened, in the audit log: under this plugin's name, with the caller, the address and the request.
   * `event` is `area.what`, at most 64 bytes; `details` an object of at most 4 KiB.
   */
  export function audit(event: string, details: Json): void;
  /**
   * ---- scope `password`
   * A new user: `{"email", "phone", "user_metadata", "is_anonymous"}`; all are optional, and other members are refused. One with
   * neither address nor number is anonymous, which must be said. Where the operator wants addresses confirmed, this one
   * is not yet, and no session starts before a token of the kind `signup` is redeemed.
   * Codes: `identity.exists`, `identity.weak-password` (`details.reasons`: `length`, `characters`),
   * `identity.sign-up-closed`, `identity.busy`.
   */
  export function signUp(user: Json, password: string | undefined): Proof;
  /**
   * What `sign-up` would have given for a new user of this description who has something to confirm: with the same members, an id
   * that is nobody's, and written nowhere. For answering whoever asks with an address that is known already.
   */
  export function decoy(user: Json): Json;
  /**
   * Proves a user by the password. Of an unknown one it takes as long and says the same.
   * Codes: `identity.wrong-credentials` (no such user, no password, another password), `identity.locked` (too many failures, known
   * user or not; `details.retry_after` in seconds), `identity.banned`, `identity.not-confirmed`, `identity.busy` (more
   * passwords are being checked than the server takes on; `details.retry_after`).
   */
  export function verifyPassword(account: Account, password: string): Proof;
  /**
   * ---- scope `session`
   * Signs the user of a proof in: `{"access_token", "token_type", "expires_in", "expires_at", "refresh_token", "user"}`.
   * Codes: `identity.banned`, `identity.not-confirmed`.
   */
  export function startSession(proof: Proof): Json;
  /**
   * The next tokens of a session, in the same shape. A token is good once, and again for ten seconds, in which it gives the
   * same next one; after that its use ends the whole session.
   * Codes: `identity.unknown-token` (none of ours, or of a session that ended), `identity.used-token`, `identity.banned`,
   * `identity.session-expired`.
   */
  export function refresh(token: string): Json;
  /**
   * Ends sessions of the caller. Their access tokens are refused from now on, by every node within a second.
   * Codes: `identity.signed-out` (the caller has no session).
   */
  export function signOut(reach: Reach): void;
  /**
   * The sessions of a user, the newest first: `{"sessions": [{"id", "created_at", "refreshed_at", "not_after", "aal", "amr", "ip",
   * "user_agent", "is_current"}]}`. Of the caller; with the scope `admin`, of anybody.
   * Codes: `identity.denied`.
   */
  export function sessions(user: string): Json;
  /**
   * Ends one session of the caller; with the scope `admin`, of anybody. Codes: `identity.unknown-session`.
   */
  export function endSession(id: string): void;
  /**
   * The user: the caller's own, or, with the scope `admin`, anybody. Code `identity.unknown-user`, for a stranger's too.
   */
  export function findUser(account: Account): Json;
  /**
   * Changes the caller's own user: `{"email", "phone", "user_metadata", "nonce"}`, metadata member by member, null removing one. With a
   * password, the other sessions end. `nonce` is a token of the kind `reauthentication`, which the operator may want of
   * whoever signed in long ago. An anonymous user who is given an address is none any more.
   * Where addresses have to be confirmed, a new one waits in `new_email` for a token of the kind `email_change`.
   * 
   * With the scope `admin`, changes anybody, and also: `role`, `app_metadata`, `email_confirm`, `phone_confirm`,
   * `ban_duration` (`"24h"`, `"none"`), `password_hash` (bcrypt or argon2, in place of a password).
   * Codes: `identity.unknown-user`, `identity.exists`, `identity.weak-password`, `identity.same-password`,
   * `identity.reauthenticate`, `identity.unknown-token`, `identity.denied`, `identity.busy`, `identity.insufficient-aal` (an address, a
   * number or a password of one's own, where a second factor was verified and not shown).
   */
  export function updateUser(id: string, changes: Json, password: string | undefined): Json;
  /**
   * ---- scope `factor`: all but `reset-attempts` are about the caller, who has a session
   * Begins to enrol: `{"factor_type": "totp", "friendly_name", "issuer"}` gives `{"id", "type", "friendly_name", "totp": {"secret",
   * "uri"}}`, the only time that the secret is shown. Until it is verified it proves nothing.
   * Codes: `identity.exists` (the name), `identity.too-many-factors`, `identity.insufficient-aal` (a second one takes the first).
   */
  export function enrol(factor: Json): Json;
  /**
   * Asks for a code: `{"id", "type", "expires_at"}`. Codes: `identity.unknown-factor`.
   */
  export function challenge(factor: string): Json;
  /**
   * Checks a code, and raises the caller's session to `aal2`: its next tokens, as of `start-session`. The first code of
   * a factor verifies it, and ends the user's sessions that have not shown it.
   * Codes: `identity.wrong-code`, `identity.unknown-factor`, `identity.expired-challenge`, `identity.locked`.
   */
  export function verify(factor: string, challenge: string, code: string): Json;
  /**
   * Removes a factor of the caller, which takes `aal2` where it was verified; with the scope `admin`, of anybody.
   * Codes: `identity.unknown-factor`, `identity.insufficient-aal`.
   */
  export function unenrol(factor: string): Json;
  /**
   * New recovery codes in place of those before, the only time that they are shown. Takes `aal2`. Code
   * `identity.insufficient-aal`.
   */
  export function recoveryCodes(): Array<string>;
  /**
   * Uses up a recovery code in place of a factor's: the session's next tokens, at `aal2`. Codes as of `verify`.
   */
  export function recover(code: string): Json;
  /**
   * ---- scope `token`: what is sent to somebody to prove that they read it
   * A token for one use, by `kind`: `signup`, `recovery`, `magiclink`, `invite`, `email_change`, `reauthentication`. It gives
   * `{"token" (six digits), "token_hash" (for links), "kind", "expires_at", "user", "to"}`, and ends earlier ones of the kind. What to
   * answer for a user that does not exist is the plugin's: `none`.
   * Codes: `identity.too-often` (`details.retry_after`).
   */
  export function issue(kind: string, account: Account): Json | undefined;
  /**
   * Uses up the six digits of a token that was issued for this user; what it proves is done with it: `signup`, `magiclink`,
   * `recovery` and `invite` confirm the address, `email_change` changes it. The kind `email` is any of `magiclink`, `signup` and `invite`.
   * Codes: `identity.unknown-token` (wrong, used, or too old), `identity.locked`.
   */
  export function redeem(kind: string, account: Account, token: string): Proof;
  /**
   * The same by `token_hash`, which names the user itself.
   */
  export function redeemHash(kind: string, hash: string): Proof;
  /**
   * ---- scope `vouch`
   * A proof for what the plugin itself has checked, as with another provider's login: the kernel has the plugin's word only. So
   * this scope can sign anybody in. Codes: `identity.unknown-user`, `identity.banned`.
   */
  export function vouch(user: string, method: string): Proof;
  /**
   * ---- scope `admin`, for callers that are `service_role`
   * A new user with any member that `update-user` knows. Codes as of `sign-up`, `identity.denied`.
   */
  export function createUser(user: Json, password: string | undefined): Json;
  /**
   * `{"users": […], "total"}`; `page` from 1, at most 1000 on each. `filter` is a part of an address or number, empty for all.
   * Code `identity.denied`.
   */
  export function listUsers(page: number, perPage: number, filter: string): Json;
  /**
   * Removes a user with all that is theirs; with `soft` what named them is overwritten and the row stays. Their tokens are refused
   * from now on. Codes `identity.unknown-user`, `identity.denied`.
   */
  export function deleteUser(id: string, soft: boolean): void;
  /**
   * Ends all sessions of a user. Code `identity.denied`.
   */
  export function endSessions(user: string): void;
  /**
   * An access token of the user's for a quarter of an hour, marked by the claim `act`, without a session and noted in the audit
   * log: `{"access_token", "token_type", "expires_in", "expires_at", "user"}`. Codes `identity.unknown-user`, `identity.denied`.
   */
  export function impersonate(user: string): Json;
  /**
   * Forgets the failures that lock a user out, of passwords and of codes. Code `identity.denied`.
   */
  export function resetAttempts(user: string): void;
  export type Problem = import('basalt:types/problem@0.1.0').Problem;
  /**
   * An object, as JSON text.
   */
  export type Json = string;
  /**
   * What names a user. Addresses and numbers are compared as `sign-up` keeps them: addresses in lower case.
   */
  export type Account = AccountId | AccountEmail | AccountPhone;
  export interface AccountId {
    tag: 'id',
    val: string,
  }
  export interface AccountEmail {
    tag: 'email',
    val: string,
  }
  export interface AccountPhone {
    tag: 'phone',
    val: string,
  }
  /**
   * Which of the caller's sessions.
   * # Variants
   * 
   * ## `"this"`
   * 
   * The one of this request.
   * ## `"others"`
   * 
   * All but that one.
   * ## `"all"`
   */
  export type Reach = 'this' | 'others' | 'all';
  
  export class Proof implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    /**
    * The user, as `find-user` gives one.
    */
    user(): Json;
    /**
    * As `amr` names it: `password`, `anonymous`, `otp`, `magiclink`, `recovery`, `invite`, `signup`, `email_change`, or what
    * was vouched for.
    */
    method(): string;
    [Symbol.dispose](): void;
  }
}
