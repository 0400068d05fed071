// Second factors.
import assert from 'node:assert/strict'
import test from 'node:test'
import { PASSWORD, claims, client, ok, signedUp, totp } from '../kit.mjs'

const experimental = { auth: { experimental: { recoveryCodes: true } } }

test('a second factor: enrolled, shown, asked for, removed', async () => {
  const { supabase, email } = await signedUp(experimental)
  const { mfa } = supabase.auth
  const enrolled = ok(await mfa.enroll({ factorType: 'totp', friendlyName: 'Phone', issuer: 'Shop' }))
  assert.match(enrolled.totp.qr_code, /^data:image\/svg\+xml;utf-8,<\?xml .*<svg .*<\/svg>$/)
  assert.match(enrolled.totp.uri, /^otpauth:\/\/totp\/Shop/)
  assert.ok(new URL(enrolled.totp.uri).searchParams.get('secret') === enrolled.totp.secret)
  assert.deepEqual(ok(await mfa.listFactors()).totp, [], 'it proves nothing yet')

  const wrong = await mfa.challengeAndVerify({ factorId: enrolled.id, code: '000000' })
  assert.deepEqual([wrong.error.status, wrong.error.code], [422, 'mfa_verification_failed'])
  const challenge = ok(await mfa.challenge({ factorId: enrolled.id }))
  assert.equal(challenge.type, 'totp')
  const proof = { factorId: enrolled.id, challengeId: challenge.id, code: totp(enrolled.totp.secret) }
  const verified = ok(await mfa.verify(proof))
  const said = claims(verified.access_token)
  assert.equal(said.aal, 'aal2')
  assert.deepEqual(said.amr.map((entry) => entry.method).sort(), ['password', 'totp'])
  assert.deepEqual((await mfa.verify(proof)).error.code, 'mfa_challenge_expired', 'a code is good once')
  const [factor] = ok(await mfa.listFactors()).totp
  assert.deepEqual([factor.id, factor.status, factor.friendly_name], [enrolled.id, 'verified', 'Phone'])

  const later = client(experimental)
  ok(await later.auth.signInWithPassword({ email, password: PASSWORD }))
  const level = async () => {
    const { currentLevel, nextLevel } = ok(await later.auth.mfa.getAuthenticatorAssuranceLevel())
    return [currentLevel, nextLevel]
  }
  assert.deepEqual(await level(), ['aal1', 'aal2'])
  const early = await later.auth.mfa.unenroll({ factorId: factor.id })
  assert.deepEqual([early.error.status, early.error.code], [422, 'insufficient_aal'])
  const taken = await later.auth.updateUser({ password: `${PASSWORD} of a thief` })
  assert.deepEqual([taken.error.status, taken.error.code], [401, 'insufficient_aal'])
  const second = await later.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'Tablet' })
  assert.equal(second.error.code, 'insufficient_aal')
  ok(await later.auth.mfa.challengeAndVerify({ factorId: factor.id, code: totp(enrolled.totp.secret, 1) }))
  assert.deepEqual(await level(), ['aal2', 'aal2'])
  assert.equal(ok(await later.auth.mfa.unenroll({ factorId: factor.id })).id, factor.id)
  assert.deepEqual(ok(await later.auth.mfa.listFactors()).all, [])
})

test('a recovery code stands in for a lost phone, once', async () => {
  const { supabase, email } = await signedUp(experimental)
  const { mfa } = supabase.auth
  assert.equal((await mfa.recoveryCodes.generate()).error.code, 'insufficient_aal')
  const { id, totp: app } = ok(await mfa.enroll({ factorType: 'totp' }))
  ok(await mfa.challengeAndVerify({ factorId: id, code: totp(app.secret) }))
  const set = ok(await mfa.recoveryCodes.generate())
  assert.deepEqual([set.type, set.total, new Set(set.codes).size], ['recovery_code', set.codes.length, set.codes.length])
  const later = client(experimental)
  ok(await later.auth.signInWithPassword({ email, password: PASSWORD }))
  const typed = ` ${set.codes[0].toUpperCase()} `
  assert.equal(claims(ok(await later.auth.mfa.recoveryCodes.verify({ code: typed })).access_token).aal, 'aal2')
  const used = await later.auth.mfa.recoveryCodes.verify({ code: set.codes[0] })
  assert.deepEqual([used.error.status, used.error.code], [422, 'mfa_verification_failed'])
  const renewed = ok(await later.auth.mfa.recoveryCodes.regenerate())
  assert.ok(!renewed.codes.includes(set.codes[1]))
  assert.ok((await later.auth.mfa.recoveryCodes.verify({ code: set.codes[1] })).error, 'the old set is over')
  ok(await later.auth.mfa.recoveryCodes.verify({ code: renewed.codes[0] }))
})

test('other factors are refused by name', async () => {
  const { supabase } = await signedUp()
  const phone = await supabase.auth.mfa.enroll({ factorType: 'phone', phone: '+491701234567' })
  assert.deepEqual([phone.error.status, phone.error.code], [422, 'mfa_phone_enroll_not_enabled'])
  const none = await supabase.auth.mfa.challenge({ factorId: crypto.randomUUID() })
  assert.deepEqual([none.error.status, none.error.code], [404, 'mfa_factor_not_found'])
})
