import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { leaseDeliveries } from '../../../src/data/queue/deliveries.ts'
import { copyCheckout, functionFiles } from '../../../test/support/checkout.ts'
import { spawnCli } from '../../../test/support/cli.ts'
import { ADMIN, ADMIN_KEY } from '../test-support.ts'
import { testDeadLetters } from './test-support.ts'

const { pool, start, bury, statesOf } = testDeadLetters()

describe('POST /v1/events/redrive', () => {
  it('200 reports the outcome of each, and what does not fit stays dead', async () => {
    const { post, admin } = await start()
    const [first, second, third] = await bury('send-welcome', [{ name: 'Ada' }, { n: 1 }, { name: 'Bob' }])
    const dry = await post({ dryRun: true })
    expect([dry.status, await statesOf()]).toEqual([200, ['dead', 'dead', 'dead']])
    const about = { consumer: 'send-welcome', type: 'user.created', attempts: 1 }
    const deliveries = [
      { eventId: first, ...about, outcome: 'first', faults: [] },
      { eventId: second, ...about, outcome: 'misfit', faults: [{ path: 'data.name', message: 'Missing' }] },
      { eventId: third, ...about, outcome: 'follows', faults: [] },
    ]
    expect(await dry.json()).toEqual({ dryRun: true, deliveries, more: false })
    const done = await post({ stopOnFailure: false, perSecond: 1 })
    expect(
      ((await done.json()) as { deliveries: { outcome: string }[] }).deliveries.map(({ outcome }) => outcome),
    ).toEqual(['redriven', 'misfit', 'redriven'])
    expect(await statesOf()).toEqual(['waiting', 'dead', 'waiting'])
    const shown = await (await fetch(`${admin}/v1/events/${first}`, { headers: ADMIN })).json()
    expect(shown).toMatchObject({ deliveries: [{ redriven: { by: 'admin', afterAttempt: 1 } }] })
  })

  it('401 without the admin key, 400 every issue, 404 an id that is none', async () => {
    const { post } = await start()
    expect((await post({}, {})).status).toBe(401)
    const bad = await post({ limit: 0, perSecond: -1, before: 'noon', id: '7', more: true })
    const { details } = (await bad.json()) as { details: { path: string }[] }
    expect([bad.status, details.map(({ path }) => path).sort()]).toEqual([
      400,
      ['body', 'body.before', 'body.id', 'body.limit', 'body.perSecond'],
    ])
    const incomplete = await post({ to: 'send-welcome' })
    expect(await incomplete.json()).toMatchObject({
      details: [{ path: 'body.to', message: 'needs `consumer`: whose place it takes' }],
    })
    const unknown = await post({ id: '00000000-0000-4000-8000-0000000000ff' })
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { message: 'There is no event of this id.' }])
  })
})

describe('ebb events redrive', () => {
  it('prints what it would do, and then does it', async () => {
    const { ebb } = await start()
    const ids = await bury('send-welcome', [{ name: 'Ada' }, { n: 1 }, { name: 'Bob' }])
    const dry = await ebb('redrive', '--type', 'user.created', '--dry-run')
    expect([dry.err, dry.code]).toEqual(['', 0])
    expect(dry.out.trim().split('\n').slice(1)).toEqual([
      expect.stringMatching(new RegExp(`^${ids[0]} +user.created +send-welcome +1 +would go first$`)),
      expect.stringMatching(new RegExp(`^${ids[1]} .* would stay dead: data.name: Missing$`)),
      expect.stringMatching(new RegExp(`^${ids[2]} .* would follow when the first is done$`)),
    ])
    expect(await statesOf()).toEqual(['dead', 'dead', 'dead'])
    const done = await ebb(
      'redrive',
      '--consumer',
      'send-welcome',
      '--rate',
      '5/s',
      '--no-stop-on-failure',
      '--limit',
      '2',
    )
    expect(done.out).toMatch(/ goes\n.* stays dead: .*\nThere are more: raise --limit, or run it again\.\n$/)
    expect(await statesOf()).toEqual(['waiting', 'dead', 'dead'])
    expect((await ebb('show', ids[0] ?? '')).out).toMatch(/redriven 2\S+Z by admin, after attempt 1\n/)
    expect((await ebb('redrive', '--before', '2020-01-01')).out).toBe('No dead delivery matches.\n')
  })

  it('sends to the subscriber that took the place of another', async () => {
    const { ebb } = await start()
    const [id] = await bury('greet', [{ name: 'Ada' }])
    expect((await ebb('redrive', '--consumer', 'greet', '--to', 'send-welcome')).out).toMatch(
      new RegExp(`${id} +user.created +send-welcome +1 +goes first\\n$`),
    )
    expect(
      (await leaseDeliveries(pool, 'send-welcome', { limit: 9, leaseMs: 1 })).map(({ eventId }) => eventId),
    ).toEqual([id])
  })

  it('reports what is wrong in one sentence', async () => {
    const { ebb } = await start()
    for (const [args, code, sentence] of [
      [['--id', '00000000-0000-4000-8000-0000000000ff'], 1, 'ebb: There is no event of this id.\n'],
      [['--before', 'noon'], 2, 'ebb: --before must be a time such as 2026-11-30T09:00:00Z\n'],
      [['--rate', 'fast'], 2, 'ebb: --rate must be deliveries a second to each subscriber, such as 5/s\n'],
    ] as const) {
      expect(await ebb('redrive', ...args)).toEqual({ out: '', err: sentence, code })
    }
  })
})

it('ebb remove lists what waits for the function, and what can be done about it', async () => {
  const { admin } = await start()
  await bury('say-hello', [{ name: 'Ada' }, { name: 'Bob' }, { name: 'Cy' }])
  await pool.query(`update ebb.delivery set state = 'waiting' where event_id::text not like '%2'`)
  const checkout = await copyCheckout(functionFiles('say-hello', 'return { pid: 1 }'))
  try {
    await mkdir(join(checkout.root, '.ebb'))
    await writeFile(
      join(checkout.root, '.ebb/running.json'),
      JSON.stringify({ ...{ url: admin, admin, adminKey: ADMIN_KEY }, functions: [] }),
    )
    expect(await spawnCli(['remove', 'say-hello'], { root: checkout.root }).ended).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: [
        'functions/say-hello is removed',
        '2 events wait for it, and will go to the dead letters. For another subscriber:',
        '  npx ebb events redrive --consumer say-hello --to NAME',
      ].join('\n'),
    })
  } finally {
    await checkout.remove()
  }
})
