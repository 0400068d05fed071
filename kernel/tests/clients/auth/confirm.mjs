// Where addresses have to be confirmed: nothing tells a known one from a new one.
import assert from 'node:assert/strict'
import test from 'node:test'
import { PASSWORD, admin, client, email, ok, url } from '../kit.mjs'

const shape = (value) =>
  value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shape(part)])) : typeof value

test('a known address is answered as a new one', async () => {
  const address = email()
  const sign = (who) => client().auth.signUp({ email: who, password: PASSWORD, options: { data: { n: 1 } } })
  const first = ok(await sign(address))
  assert.equal(first.session, null)
  const again = ok(await sign(address.toUpperCase()))
  assert.equal(again.session, null)
  assert.deepEqual(Object.keys(again.user), Object.keys(first.user))
  assert.deepEqual(shape(again.user), shape(first.user))
  assert.equal(again.user.email, address)
  assert.notEqual(again.user.id, first.user.id)
  assert.equal((await admin().getUserById(again.user.id)).error.code, 'user_not_found', 'it is nobody')
  assert.equal((await client().auth.signUp({ email: address, password: 'short' })).error.code, 'weak_password')
})

test('an address is confirmed before its user signs in', async () => {
  const address = email()
  ok(await client().auth.signUp({ email: address, password: PASSWORD }))
  const early = await client().auth.signInWithPassword({ email: address, password: PASSWORD })
  assert.deepEqual([early.error.status, early.error.code], [400, 'email_not_confirmed'])
  const wrong = await client().auth.signInWithPassword({ email: address, password: 'something else entirely' })
  assert.equal(wrong.error.code, 'invalid_credentials', 'only who knows the password learns this much')
  const made = ok(
    await admin().generateLink({ type: 'signup', email: address, password: PASSWORD, options: { redirectTo: 'https://evil.example/' } })
  ).properties
  const { pathname, search } = new URL(made.action_link)
  const link = `${url}${pathname}${search}`
  const looked = await fetch(link, { method: 'HEAD', redirect: 'manual' })
  assert.equal(looked.status, 204, 'whoever looks first does not use it up')
  const followed = await fetch(link, { redirect: 'manual' })
  assert.equal(followed.status, 303)
  const place = new URL(followed.headers.get('location'))
  assert.equal(place.origin, 'http://localhost:3000', 'a link leads to the site, whatever it says')
  assert.ok(new URLSearchParams(place.hash.slice(1)).get('access_token'))
  const used = new URL((await fetch(link, { redirect: 'manual' })).headers.get('location'))
  assert.equal(new URLSearchParams(used.hash.slice(1)).get('error_code'), 'otp_expired')
  ok(await client().auth.signInWithPassword({ email: address, password: PASSWORD }))
})

test('a new address waits until it is read', async () => {
  const [address, next] = [email(), email()]
  ok(await admin().createUser({ email: address, password: PASSWORD, email_confirm: true }))
  const supabase = client()
  ok(await supabase.auth.signInWithPassword({ email: address, password: PASSWORD }))
  const early = await admin().generateLink({ type: 'email_change_new', email: address, newEmail: next })
  assert.equal(early.error.code, 'validation_failed', 'its owner has not asked')
  const { user } = ok(await supabase.auth.updateUser({ email: next }))
  assert.deepEqual([user.email, user.new_email], [address, next])
  const made = ok(await admin().generateLink({ type: 'email_change_new', email: address, newEmail: next })).properties
  ok(await client().auth.verifyOtp({ token_hash: made.hashed_token, type: 'email_change' }))
  assert.equal(ok(await supabase.auth.getUser()).user.email, next)
})
