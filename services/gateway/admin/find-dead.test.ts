import { expect, it } from '@jest/globals'
import { ADMIN } from '../test-support.ts'
import { testDeadLetters } from './test-support.ts'

const { start, bury } = testDeadLetters()

async function startWithDead() {
  const { admin } = await start()
  const ids = await bury('send-welcome', [{ name: 'Ann' }, { nome: 'Ben' }])
  const get = async <Body>(path: string) => (await (await fetch(admin + path, { headers: ADMIN })).json()) as Body
  const edit = (id: string, body: object) =>
    fetch(`${admin}/v1/events/${id}/deliveries/send-welcome/data`, {
      ...{ method: 'PUT', body: JSON.stringify(body) },
      headers: { ...ADMIN, 'content-type': 'application/json' },
    })
  return { get, edit, ids }
}

interface Page {
  readonly deliveries: readonly { eventId: string }[]
  readonly counts: readonly object[]
  readonly next?: string
}

it('200 the dead letters with what their last attempt has come to, each once over all pages', async () => {
  const { get, ids } = await startWithDead()
  const first = await get<Page>('/v1/events/dead?limit=1')
  expect(first.counts).toEqual([{ consumer: 'send-welcome', type: 'user.created', deliveries: 2 }])
  expect(first.deliveries).toEqual([expect.objectContaining({ status: 500, error: null, edited: false, attempts: 1 })])
  const second = await get<Page>(`/v1/events/dead?limit=1&before=${encodeURIComponent(first.next ?? '')}`)
  const seen = [...first.deliveries, ...second.deliveries].map(({ eventId }) => eventId)
  expect([seen.sort(), second.next]).toEqual([ids, undefined])
  expect((await get<Page>('/v1/events/dead?consumer=other')).deliveries).toEqual([])
})

it('204 checks an edit without making it, then makes it, and shows what the subscriber would get', async () => {
  const { get, edit, ids } = await startWithDead()
  const [, id = ''] = ids
  const shown = () => get(`/v1/events/${id}/deliveries/send-welcome/data`)
  const refused = await edit(id, { data: { nome: 'Ben' }, dryRun: true })
  expect([refused.status, await refused.json()]).toEqual([400, expect.objectContaining({ error: 'validation_failed' })])
  expect((await edit(id, { data: { name: 'Ben' }, dryRun: true })).status).toBe(204)
  expect(await shown()).toEqual({ data: { nome: 'Ben' }, edited: false })
  expect((await edit(id, { data: { name: 'Ben' } })).status).toBe(204)
  expect(await shown()).toEqual({ data: { name: 'Ben' }, edited: true })
})
