// Tokens that are signed with a key of two halves: checked by the client itself, with the public half.
import assert from 'node:assert/strict'
import test from 'node:test'
import { client, ok, signedUp } from '../kit.mjs'

test('a client checks claims with the published keys, and asks for no user', async () => {
  const asked = []
  const spied = { global: { fetch: (input, init) => (asked.push(new URL(input).pathname), fetch(input, init)) } }
  const { supabase, id, session } = await signedUp(spied)
  asked.length = 0
  const { claims, header } = ok(await supabase.auth.getClaims())
  assert.deepEqual([claims.sub, header.alg], [id, 'ES256'])
  assert.deepEqual(asked, ['/auth/v1/.well-known/jwks.json'])
  const [head, body, signature] = session.access_token.split('.')
  const forged = JSON.stringify({ ...JSON.parse(Buffer.from(body, 'base64url')), role: 'service_role' })
  const { error } = await supabase.auth.getClaims([head, Buffer.from(forged).toString('base64url'), signature].join('.'))
  assert.equal(error.name, 'AuthInvalidJwtError')
  assert.ok((await client().auth.getUser(session.access_token)).data.user, 'and the server knows it too')
})
