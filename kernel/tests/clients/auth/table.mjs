// Rows of a table under row-level security, as whoever is signed in.
import assert from 'node:assert/strict'
import test from 'node:test'
import { PASSWORD, client, email, ok, signedUp } from '../kit.mjs'

test('each user sees their own rows, and nobody sees none', async () => {
  const [ann, bob] = [await signedUp(), await signedUp()]
  const [made] = ok(await ann.supabase.from('notes').insert({ body: 'of Ann' }).select())
  assert.equal(made.owner, ann.id)
  ok(await bob.supabase.from('notes').insert({ body: 'of Bob' }))
  assert.deepEqual(ok(await ann.supabase.from('notes').select('body')), [{ body: 'of Ann' }])
  assert.deepEqual(ok(await bob.supabase.from('notes').select('body')), [{ body: 'of Bob' }])
  assert.deepEqual(ok(await bob.supabase.from('notes').update({ body: 'taken' }).eq('id', made.id).select()), [])
  const forged = await bob.supabase.from('notes').insert({ body: 'forged', owner: ann.id })
  assert.equal(forged.error.code, '42501')
  assert.equal((await client().from('notes').select()).error.code, '42501')
  assert.equal((await ann.supabase.auth.signOut()).error, null)
  assert.ok((await ann.supabase.from('notes').select()).error)
})

test('somebody unknown becomes somebody, and keeps what is theirs', async () => {
  const supabase = client()
  const { user } = ok(await supabase.auth.signInAnonymously({ options: { data: { cart: 1 } } }))
  assert.deepEqual([user.is_anonymous, user.email, user.user_metadata], [true, '', { cart: 1 }])
  ok(await supabase.from('notes').insert({ body: 'before' }))
  const alone = await supabase.auth.updateUser({ password: PASSWORD })
  assert.deepEqual([alone.error.status, alone.error.code], [422, 'validation_failed'])
  const factor = await supabase.auth.mfa.enroll({ factorType: 'totp' })
  assert.equal(factor.error.status, 403)
  const address = email()
  const known = ok(await supabase.auth.updateUser({ email: address, password: PASSWORD })).user
  assert.deepEqual([known.id, known.email, known.is_anonymous], [user.id, address, false])
  const again = client()
  assert.equal(ok(await again.auth.signInWithPassword({ email: address, password: PASSWORD })).user.id, user.id)
  assert.deepEqual(ok(await again.from('notes').select('body')), [{ body: 'before' }])
})
