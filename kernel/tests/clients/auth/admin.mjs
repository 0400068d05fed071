// Users, from a server that holds the service key.
import assert from 'node:assert/strict'
import test from 'node:test'
import { PASSWORD, admin, claims, client, email, ok, signedUp, totp, url, serviceKey } from '../kit.mjs'

test('an admin makes, finds, changes and removes users', async () => {
  const address = email()
  const { user } = ok(
    await admin().createUser({
      email: address,
      password: PASSWORD,
      email_confirm: true,
      user_metadata: { name: 'Bob' },
      app_metadata: { plan: 'pro' },
    })
  )
  assert.deepEqual([user.email, user.user_metadata.name, user.app_metadata.plan], [address, 'Bob', 'pro'])
  const again = await admin().createUser({ email: address, password: PASSWORD })
  assert.deepEqual([again.error.status, again.error.code], [422, 'email_exists'])
  const { session } = ok(await client().auth.signInWithPassword({ email: address, password: PASSWORD }))
  assert.equal(claims(session.access_token).app_metadata.plan, 'pro')
  assert.equal(ok(await admin().getUserById(user.id)).user.email, address)

  const changed = ok(await admin().updateUserById(user.id, { app_metadata: { plan: 'free' }, user_metadata: { name: null } })).user
  assert.equal(changed.app_metadata.plan, 'free')
  assert.ok(!('name' in changed.user_metadata))
  ok(await admin().updateUserById(user.id, { ban_duration: '24h' }))
  const banned = await client().auth.signInWithPassword({ email: address, password: PASSWORD })
  assert.deepEqual([banned.error.status, banned.error.code], [400, 'user_banned'])
  assert.ok((await client().auth.getUser(session.access_token)).error, 'the token is refused too')
  ok(await admin().updateUserById(user.id, { ban_duration: 'none' }))
  ok(await client().auth.signInWithPassword({ email: address, password: PASSWORD }))

  ok(await admin().deleteUser(user.id))
  const gone = await admin().getUserById(user.id)
  assert.deepEqual([gone.error.status, gone.error.code], [404, 'user_not_found'])
  const soft = ok(await admin().createUser({ email: email(), password: PASSWORD })).user
  ok(await admin().deleteUser(soft.id, true))
  assert.equal((await admin().getUserById(soft.id)).error.code, 'user_not_found')
})

test('users come in pages', async () => {
  for (let made = 0; made < 3; made += 1) await signedUp()
  const first = ok(await admin().listUsers({ page: 1, perPage: 2 }))
  assert.deepEqual([first.users.length, first.nextPage, first.aud], [2, 2, 'authenticated'])
  assert.ok(first.total >= 3 && first.lastPage >= 2)
  const second = ok(await admin().listUsers({ page: 2, perPage: 2 }))
  assert.notEqual(second.users[0].id, first.users[0].id)
  assert.equal(ok(await admin().listUsers()).users.length, Math.min(first.total, 50))
})

test('nobody else is an admin', async () => {
  const { supabase, id } = await signedUp()
  for (const act of [
    supabase.auth.admin.listUsers(),
    supabase.auth.admin.getUserById(id),
    supabase.auth.admin.deleteUser(id),
    supabase.auth.admin.createUser({ email: email(), password: PASSWORD }),
    supabase.auth.admin.updateUserById(id, { app_metadata: { admin: true } }),
    supabase.auth.admin.generateLink({ type: 'magiclink', email: email() }),
    supabase.auth.admin.mfa.listFactors({ userId: id }),
  ]) {
    const { error } = await act
    assert.deepEqual([error.status, error.code], [403, 'not_admin'])
  }
})

test('an admin signs a user out, and frees them of a factor', async () => {
  const { supabase, id, session } = await signedUp()
  const { id: factorId, totp: app } = ok(await supabase.auth.mfa.enroll({ factorType: 'totp' }))
  ok(await supabase.auth.mfa.challengeAndVerify({ factorId, code: totp(app.secret) }))
  const { factors } = ok(await admin().mfa.listFactors({ userId: id }))
  assert.deepEqual([factors.length, factors[0].id, factors[0].secret], [1, factorId, undefined])
  // This version of the client wraps what it got once more.
  assert.equal(ok(ok(await admin().mfa.deleteFactor({ id: factorId, userId: id }))).id, factorId)
  assert.deepEqual(ok(await admin().mfa.listFactors({ userId: id })).factors, [])
  assert.equal((await admin().signOut(session.access_token, 'global')).error, null)
  assert.ok((await client().auth.getUser(session.access_token)).error)
})

test('a link that an operator sends signs in once', async () => {
  const address = email()
  const made = ok(await admin().generateLink({ type: 'magiclink', email: address }))
  assert.deepEqual([made.user.email, made.properties.verification_type], [address, 'signup'], 'nobody knew the address')
  const supabase = client()
  const { user } = ok(await supabase.auth.verifyOtp({ token_hash: made.properties.hashed_token, type: 'signup' }))
  assert.ok(user.email_confirmed_at)
  assert.equal(ok(await supabase.auth.getUser()).user.id, user.id)
  const used = await client().auth.verifyOtp({ token_hash: made.properties.hashed_token, type: 'signup' })
  assert.deepEqual([used.error.status, used.error.code], [403, 'otp_expired'])

  const invited = email()
  const code = ok(await admin().generateLink({ type: 'invite', email: invited })).properties.email_otp
  const typed = ok(await client().auth.verifyOtp({ email: invited, token: code, type: 'email' }))
  assert.ok(typed.session && typed.user.invited_at, 'who types a code does not know what it was made for')

  const recovery = ok(await admin().generateLink({ type: 'recovery', email: address })).properties
  assert.equal((await client().auth.verifyOtp({ email: address, token: '000000', type: 'recovery' })).error.code, 'otp_expired')
  const { session } = ok(await client().auth.verifyOtp({ email: address, token: recovery.email_otp, type: 'recovery' }))
  assert.ok(session.access_token)
  assert.equal((await admin().generateLink({ type: 'recovery', email: email() })).error.code, 'user_not_found')
  assert.equal((await admin().generateLink({ type: 'invite', email: address })).error.code, 'email_exists')
})

test('sessions are seen and ended one by one, and acting for somebody says so', async () => {
  const { id, email: address, session } = await signedUp()
  ok(await client().auth.signInWithPassword({ email: address, password: PASSWORD }))
  const ask = (method, path, key = serviceKey) =>
    fetch(`${url}/auth/v1${path}`, { method, headers: { authorization: `Bearer ${key}` } })
  const { sessions } = await (await ask('GET', `/admin/users/${id}/sessions`)).json()
  assert.equal(sessions.length, 2)
  const mine = claims(session.access_token).session_id
  const other = sessions.find((entry) => entry.id !== mine)
  assert.equal((await ask('DELETE', `/admin/users/${id}/sessions/${other.id}`)).status, 204)
  assert.equal((await ask('DELETE', `/admin/users/${id}/sessions/${other.id}`)).status, 404)
  const own = await (await ask('GET', '/sessions', session.access_token)).json()
  assert.deepEqual(own.sessions.map((entry) => [entry.id, entry.is_current]), [[mine, true]])

  const acting = await (await ask('POST', `/admin/users/${id}/impersonate`)).json()
  const said = claims(acting.access_token)
  assert.deepEqual([said.sub, said.act.role, acting.refresh_token], [id, 'service_role', undefined])
  assert.ok(said.exp - said.iat <= 900)
  const seen = ok(await client().auth.getUser(acting.access_token))
  assert.equal(seen.user.id, id)
  assert.equal((await ask('DELETE', `/sessions/${mine}`, session.access_token)).status, 204)
  assert.ok((await client().auth.getUser(session.access_token)).error)
})
