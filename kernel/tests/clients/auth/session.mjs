// Signing up, in, on and out.
import assert from 'node:assert/strict'
import test from 'node:test'
import { PASSWORD, claims, client, email, ok, signedUp, storage } from '../kit.mjs'

test('signing up signs in, and says who', async () => {
  const supabase = client()
  const events = []
  supabase.auth.onAuthStateChange((event) => events.push(event))
  const address = `  Ann+${email()}`
  const { user, session } = ok(
    await supabase.auth.signUp({ email: address, password: PASSWORD, options: { data: { name: 'Ann' } } })
  )
  assert.equal(user.email, address.trim().toLowerCase())
  assert.deepEqual(user.user_metadata, { name: 'Ann' })
  assert.deepEqual([user.aud, user.role, user.is_anonymous, user.phone], ['authenticated', 'authenticated', false, ''])
  assert.deepEqual(user.app_metadata, { provider: 'email', providers: ['email'] })
  assert.ok(user.email_confirmed_at && user.created_at && user.updated_at)
  assert.equal(session.token_type, 'bearer')
  assert.ok(session.refresh_token && session.expires_at > Date.now() / 1000)
  const said = claims(session.access_token)
  assert.deepEqual([said.sub, said.role, said.email, said.aal], [user.id, 'authenticated', user.email, 'aal1'])
  assert.equal(said.amr[0].method, 'password')
  assert.deepEqual(ok(await supabase.auth.getUser()).user, ok(await supabase.auth.getUser(session.access_token)).user)
  assert.equal(ok(await supabase.auth.getUserIdentities()).identities[0].provider, 'email')
  assert.ok(events.includes('SIGNED_IN'), String(events))
})

test('what is wrong with a sign-up is said', async () => {
  const { email: known } = await signedUp()
  const refusal = async (credentials) => (await client().auth.signUp(credentials)).error
  const taken = await refusal({ email: known.toUpperCase(), password: PASSWORD })
  assert.deepEqual([taken.status, taken.code, taken.name], [422, 'user_already_exists', 'AuthApiError'])
  const weak = await refusal({ email: email(), password: 'short' })
  assert.deepEqual([weak.status, weak.code, weak.name, weak.reasons], [422, 'weak_password', 'AuthWeakPasswordError', ['length']])
  const malformed = await refusal({ email: 'nobody', password: PASSWORD })
  assert.deepEqual([malformed.status, malformed.code], [400, 'validation_failed'])
  const phone = await refusal({ phone: '+491701234567', password: PASSWORD })
  assert.deepEqual([phone.status, phone.code], [400, 'phone_provider_disabled'])
})

test('a password signs in, and another does not', async () => {
  const { email: known, id } = await signedUp()
  const { user, session } = ok(await client().auth.signInWithPassword({ email: known, password: PASSWORD }))
  assert.equal(user.id, id)
  assert.ok(user.last_sign_in_at && session.access_token)
  for (const credentials of [
    { email: known, password: 'something else entirely' },
    { email: email(), password: PASSWORD },
    { email: 'nobody', password: PASSWORD },
    { phone: '+491701234567', password: PASSWORD },
  ]) {
    const { data, error } = await client().auth.signInWithPassword(credentials)
    assert.deepEqual([error.status, error.code, error.message], [400, 'invalid_credentials', 'Invalid login credentials'])
    assert.deepEqual(data, { user: null, session: null })
  }
})

test('a session is refreshed, by two tabs at once too', async () => {
  const { supabase, session } = await signedUp()
  const refresh = (tab) => tab.auth.refreshSession({ refresh_token: session.refresh_token })
  const [one, other] = await Promise.all([refresh(supabase), refresh(client())])
  const next = ok(one).session
  assert.notEqual(next.refresh_token, session.refresh_token)
  assert.equal(ok(other).session.refresh_token, next.refresh_token, 'both go on with the same one')
  assert.equal(claims(next.access_token).session_id, claims(session.access_token).session_id)
  const { error } = await client().auth.refreshSession({ refresh_token: 'made-up' })
  assert.deepEqual([error.status, error.code], [400, 'refresh_token_not_found'])
})

test('a client refreshes by itself what is about to expire', async () => {
  const store = storage()
  const { supabase, session } = await signedUp({ auth: { storage: store } })
  const [[key, kept]] = store.items
  const nearly = { ...JSON.parse(kept), expires_at: Math.floor(Date.now() / 1000) + 5 }
  store.setItem(key, JSON.stringify(nearly))
  const events = []
  supabase.auth.onAuthStateChange((event) => events.push(event))
  const next = ok(await supabase.auth.getSession()).session
  assert.notEqual(next.refresh_token, session.refresh_token)
  assert.ok(next.expires_at > nearly.expires_at + 60)
  assert.ok(events.includes('TOKEN_REFRESHED'), String(events))
  const again = client({ auth: { storage: store } })
  assert.equal(ok(await again.auth.getSession()).session.access_token, next.access_token, 'a page loaded later finds it')
})

test('users change what is theirs', async () => {
  const { supabase, email: known } = await signedUp()
  const other = client()
  ok(await other.auth.signInWithPassword({ email: known, password: PASSWORD }))
  const { user } = ok(await supabase.auth.updateUser({ data: { theme: 'dark', drop: null } }))
  assert.deepEqual(user.user_metadata, { theme: 'dark' })
  const same = await supabase.auth.updateUser({ password: PASSWORD })
  assert.deepEqual([same.error.status, same.error.code], [422, 'same_password'])
  const next = `${PASSWORD} and more`
  ok(await supabase.auth.updateUser({ password: next }))
  assert.ok((await client().auth.signInWithPassword({ email: known, password: PASSWORD })).error)
  ok(await client().auth.signInWithPassword({ email: known, password: next }))
  ok(await supabase.auth.getUser())
  assert.ok((await other.auth.getUser()).error, 'where the old password signed in is signed out')
  const moved = email()
  assert.equal(ok(await supabase.auth.updateUser({ email: moved })).user.email, moved)
  const { email: taken } = await signedUp()
  const refused = await supabase.auth.updateUser({ email: taken })
  assert.deepEqual([refused.error.status, refused.error.code], [422, 'email_exists'])
})

test('signing out reaches as far as it says', async () => {
  const { email: known } = await signedUp()
  const tab = async () => {
    const supabase = client()
    const { session } = ok(await supabase.auth.signInWithPassword({ email: known, password: PASSWORD }))
    return { supabase, session, lives: async () => !(await client().auth.getUser(session.access_token)).error }
  }
  const [a, b, c] = [await tab(), await tab(), await tab()]
  assert.equal((await a.supabase.auth.signOut({ scope: 'others' })).error, null)
  assert.deepEqual([await a.lives(), await b.lives(), await c.lives()], [true, false, false])
  const d = await tab()
  assert.equal((await a.supabase.auth.signOut({ scope: 'local' })).error, null)
  assert.deepEqual([await a.lives(), await d.lives()], [false, true])
  assert.equal(ok(await a.supabase.auth.getSession()).session, null)
  const ended = await client().auth.refreshSession({ refresh_token: a.session.refresh_token })
  assert.equal(ended.error.code, 'refresh_token_not_found')
  const e = await tab()
  assert.equal((await d.supabase.auth.signOut()).error, null)
  assert.deepEqual([await d.lives(), await e.lives()], [false, false])
})

test('a session that was kept elsewhere goes on', async () => {
  const { session, id } = await signedUp()
  const supabase = client()
  const { access_token, refresh_token } = session
  assert.equal(ok(await supabase.auth.setSession({ access_token, refresh_token })).user.id, id)
  const { data } = await supabase.auth.getClaims()
  assert.equal(data.claims.sub, id)
})
