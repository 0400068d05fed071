// What `@supabase/postgrest-js` sends, against the conformance fixtures. `cargo xtask conformance` runs it with the client that npm has.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

const [url, modules] = process.argv.slice(2)
const { PostgrestClient } = createRequire(`${modules}/`)('@supabase/postgrest-js')
const api = new PostgrestClient(url, { schema: 'test' })
const data = async (query) => {
  const { data, error, status } = await query
  assert.equal(error, null, JSON.stringify({ error, status }))
  return data
}

const steps = {
  'selects, filters, sorts and pages': async () => {
    const rows = await data(api.from('items').select('id').gt('id', 2).not('id', 'in', '(4,5)').order('id', { ascending: false }).limit(3))
    assert.deepEqual(rows, [{ id: 15 }, { id: 14 }, { id: 13 }])
    assert.deepEqual(await data(api.from('items').select('id').range(2, 3).order('id')), [{ id: 3 }, { id: 4 }])
  },
  'groups conditions': async () => {
    const rows = await data(api.from('items').select('id').or('id.eq.1,and(id.gt.13,id.lt.15)').order('id'))
    assert.deepEqual(rows, [{ id: 1 }, { id: 14 }])
  },
  'embeds both ways, and filters inside': async () => {
    const rows = await data(api.from('clients').select('name, projects!inner(name)').eq('projects.name', 'IOS'))
    assert.deepEqual(rows, [{ name: 'Apple', projects: [{ name: 'IOS' }] }])
    const one = await data(api.from('projects').select('name, client:clients(name)').eq('id', 1).single())
    assert.deepEqual(one, { name: 'Windows 7', client: { name: 'Microsoft' } })
  },
  'counts, with and without rows': async () => {
    const { count, data: none } = await api.from('items').select('*', { count: 'exact', head: true })
    assert.deepEqual([count, none], [15, null])
    const page = await api.from('items').select('id', { count: 'exact' }).limit(1)
    assert.deepEqual([page.count, page.status], [15, 206])
  },
  'takes one row, maybe, and says when there are more': async () => {
    assert.equal(await data(api.from('items').select().eq('id', 9999).maybeSingle()), null)
    const { error, status } = await api.from('items').select().single()
    assert.deepEqual([error.code, status], ['PGRST116', 406])
  },
  'inserts, upserts, updates and deletes': async () => {
    assert.deepEqual(await data(api.from('simple_pk').insert({ k: 'new', extra: 'x' }).select()), [{ k: 'new', extra: 'x' }])
    const merged = await data(api.from('simple_pk').upsert([{ k: 'xyyx', extra: 'y' }], { onConflict: 'k' }).select())
    assert.deepEqual(merged, [{ k: 'xyyx', extra: 'y' }])
    assert.deepEqual(await data(api.from('items').update({ id: 99 }).eq('id', 1).select('id')), [{ id: 99 }])
    assert.deepEqual(await data(api.from('items').delete().in('id', [1, 2]).select('id').order('id')), [{ id: 1 }, { id: 2 }])
    assert.equal((await api.from('items').delete().eq('id', 3)).status, 204)
  },
  'calls functions': async () => {
    assert.equal(await data(api.rpc('add_them', { a: 2, b: 3 })), 5)
    assert.equal(await data(api.rpc('add_them', { a: 2, b: 3 }, { get: true })), 5)
    assert.deepEqual(await data(api.rpc('getallprojects').select('id').eq('id', 1)), [{ id: 1 }])
  },
  'reads other forms': async () => {
    assert.equal(await data(api.from('items').select('id').eq('id', 1).csv()), 'id\n1')
  },
  'hears errors as they are': async () => {
    const { error, status } = await api.from('nothing_of_this_name').select()
    assert.deepEqual([error.code, status], ['PGRST205', 404])
    const wrong = await api.from('items').select('nothing')
    assert.deepEqual([wrong.error.code, wrong.status], ['42703', 400])
  },
}

for (const [name, step] of Object.entries(steps)) {
  await step().catch((fault) => {
    console.error(`postgrest-js ${name}: ${fault.message}`)
    process.exitCode = 1
  })
}
console.log(`postgrest-js: ${Object.keys(steps).length} steps`)
