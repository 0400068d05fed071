// What is not here yet is refused with a reason that clients know.
import assert from 'node:assert/strict'
import test from 'node:test'
import { admin, client, email, signedUp, url } from '../kit.mjs'

const refused = async (act, status, code) => {
  const { error } = await act
  assert.deepEqual([error?.status, error?.code], [status, code])
}

test('nothing pretends to have been sent', async () => {
  const { auth } = client()
  const address = email()
  await refused(auth.signInWithOtp({ email: address }), 422, 'email_provider_disabled')
  await refused(auth.resetPasswordForEmail(address), 422, 'email_provider_disabled')
  await refused(auth.resend({ type: 'signup', email: address }), 422, 'email_provider_disabled')
  await refused(admin().inviteUserByEmail(address), 422, 'email_provider_disabled')
  await refused(auth.signInWithOtp({ phone: '+491701234567' }), 400, 'phone_provider_disabled')
  const { supabase } = await signedUp()
  await refused(supabase.auth.reauthenticate(), 422, 'email_provider_disabled')
})

test('other providers are named as what is missing', async () => {
  const { auth } = client()
  await refused(auth.signInWithIdToken({ provider: 'google', token: 't' }), 400, 'provider_disabled')
  await refused(auth.signInWithSSO({ domain: 'example.com' }), 404, 'saml_provider_disabled')
  const { data } = await auth.signInWithOAuth({ provider: 'github', options: { skipBrowserRedirect: true } })
  const page = await fetch(data.url, { redirect: 'manual' })
  assert.deepEqual([page.status, (await page.json()).error_code], [400, 'provider_disabled'])
  const { supabase } = await signedUp()
  await refused(supabase.auth.linkIdentity({ provider: 'github', options: { skipBrowserRedirect: true } }), 404, 'manual_linking_disabled')
})

test('pages can tell what is open', async () => {
  const settings = await (await fetch(`${url}/auth/v1/settings`)).json()
  assert.deepEqual(settings.external, { anonymous_users: true, email: true, phone: false })
  assert.deepEqual([settings.disable_signup, settings.mailer_autoconfirm], [false, true])
  assert.equal((await fetch(`${url}/auth/v1/health`)).status, 200)
})
