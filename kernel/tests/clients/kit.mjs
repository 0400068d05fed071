// What every script needs: the kernel under test, clients of it, and an authenticator app.
import { createHmac } from 'node:crypto'
import { createClient } from '@supabase/supabase-js'

export const { BASALT_URL: url, BASALT_ANON_KEY: anonKey, BASALT_SERVICE_KEY: serviceKey } = process.env
export const PASSWORD = 'correct horse battery staple'

/** A store like the browser's, that a test can look into. */
export function storage() {
  const items = new Map()
  return {
    items,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  }
}

/** A client as an app makes one; the background timer would keep Node from ending. */
export function client({ key = anonKey, auth = {}, ...options } = {}) {
  return createClient(url, key, { auth: { autoRefreshToken: false, storage: storage(), ...auth }, ...options })
}

/** A client of a server that holds the service key. */
export const admin = () => client({ key: serviceKey, auth: { persistSession: false } }).auth.admin

let count = 0

/** An address that nobody had before. */
export const email = () => `user-${process.pid}-${(count += 1)}@example.com`

/** A client whose user has just signed up. */
export async function signedUp(options) {
  const supabase = client(options)
  const address = email()
  const data = ok(await supabase.auth.signUp({ email: address, password: PASSWORD }))
  return { supabase, email: address, id: data.user.id, session: data.session }
}

/** The data of an answer without an error. */
export function ok({ data, error }) {
  if (error) throw error
  return data
}

/** The six digits that an app shows (RFC 6238); `steps` from now. */
export function totp(secret, steps = 0) {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps))
  const digest = createHmac('sha1', base32(secret)).update(counter).digest()
  const offset = digest[19] & 15
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

function base32(text) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...text.replace(/=+$/, '')].map((char) => alphabet.indexOf(char).toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)))
}

/** The claims of a token, as they stand in it. */
export const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))
