import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from '@jest/globals'
import type { Implementation } from 'ebb/http'
import { createLog, inheritedEnv, parseConfig } from 'ebb/kernel'
import { createIdentityVerifier, generateIdentityKeys } from 'ebb/protocol'
import { testDatabase } from 'ebb/testing'
import { createPool } from '../../src/data/postgres/pool.ts'
import { redrive } from '../../src/data/queue/redrive.ts'
import { createApp, openResources } from '../../src/http/index.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { followOutput } from '../chaos/follow-output.ts'
import { CONTRACTS, hearNote } from '../chaos/notes.ts'
import { serveApps } from '../support/serve-apps.ts'
import { startTestIssuer } from '../support/test-issuer.ts'
import { untilTrue } from '../support/until.ts'
import { startScriptedBroker } from './scripted-broker.ts'

const { url, ownerUrl } = testDatabase()
const log = createLog({ level: 'silent' })
const opened = new AsyncDisposableStack()
afterEach(() => opened.disposeAsync())

const WAVES = 4
const WAVE = 50
/** One in so many is refused by its function for as long as that is broken. */
const BROKEN = 25

/** The real function of a subscriber, with its inbox, which may be broken. */
async function startFunction(jwks: Parameters<typeof createIdentityVerifier>[0]) {
  const state = { isBroken: true, calls: 0 }
  const config = parseConfig({ DATABASE_URL: databaseUrlFor('functions', url) })
  const resources = openResources(hearNote.uses, config, log)
  opened.defer(() => resources.close())
  const verify = createIdentityVerifier(jwks, hearNote.contract.name)
  const app = createApp(hearNote as unknown as Implementation, { resources, log, verify, revision: 'r1' })
  const server = await serveApps(
    new Map([
      [
        hearNote.contract.name,
        (request, response) => {
          const n = Number(String(request.headers['ce-subject']))
          state.calls++
          if (state.isBroken && n % BROKEN === 0) response.writeHead(500, { 'ebb-revision': 'r1' }).end('broken')
          else app(request, response)
        },
      ],
    ]),
  )
  opened.defer(server.close)
  return { state, template: `${server.url}/{name}` }
}

it('a broker that fails, is killed and brings everything twice loses nothing, and nothing has two effects', async () => {
  const { relay: privateKey, jwks } = await generateIdentityKeys()
  const pool = createPool(ownerUrl, { max: 3, log })
  opened.defer(() => pool.end())
  await pool.query('create table heard (text text not null)')
  const fn = await startFunction(jwks)
  const issuer = await startTestIssuer()
  const claims = { aud: 'ebb-relay', sub: 'system:serviceaccount:shop:hear-note' }
  const broker = await startScriptedBroker({
    ...{ token: () => issuer.token({ claims, header: { typ: undefined } }), copies: 2, attempts: 4 },
    answer: (count) => (count % 9 === 0 ? 503 : count % 11 === 0 ? 'reset' : 202),
  })
  opened.defer(broker.stop)
  const folder = await mkdtemp(join(tmpdir(), 'ebb-broker-'))
  opened.defer(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'contracts-1.cjs'), CONTRACTS)
  await writeFile(join(folder, 'contracts'), 'contracts-1.cjs')
  const identity = { issuer: issuer.issuer, audience: 'ebb-relay', subjects: [claims.sub], allowHttp: true }

  let brokerPort = 0
  const startRelay = async () => {
    const child = spawn(process.execPath, ['services/relay/index.ts'], {
      env: {
        ...{ ...inheritedEnv(['PATH', 'NODE_COMPILE_CACHE']), DATABASE_URL: databaseUrlFor('relay', url) },
        ...{ EBB_HOST: '127.0.0.1', EBB_UPSTREAM_TEMPLATE: fn.template, EBB_CONTRACTS: join(folder, 'contracts') },
        ...{ EBB_IDENTITY_KEY: JSON.stringify(privateKey), EBB_START_TIMEOUT_MS: '1000' },
        ...{ EBB_BROKER_URL: broker.url, EBB_BROKER_IDENTITY: JSON.stringify(identity) },
        EBB_BROKER_PORT: String(brokerPort),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    opened.defer(() => void child.kill('SIGKILL'))
    const { ready } = await followOutput(child, 'listening for a broker')
    brokerPort = Number(ready.brokerPort)
    return child
  }
  const killRelay = async (child: ReturnType<typeof spawn>) => {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    // There is no other relay: what it had leased is nobody's.
    await pool.query(`update ebb.delivery set locked_until = now() - interval '1 ms' where state = 'leased'`)
  }
  const emit = async (wave: number) => {
    await pool.query(
      `insert into ebb.outbox (id, type, source, subject, payload, traceparent, correlation_id, caller_id, hops)
       select gen_random_uuid(), 'note.kept', '/functions/keep-note', n::text, jsonb_build_object('text', n::text),
              '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'c', 'ann', 0
       from generate_series($1::int, $2::int) as n`,
      [wave * WAVE + 1, (wave + 1) * WAVE],
    )
    await pool.query("notify ebb_outbox, 'events'")
  }
  const count = async (state: string) => {
    const { rows } = await pool.query('select count(*)::int as n from ebb.delivery_state where state = $1', [state])
    return rows[0].n as number
  }

  let relay = await startRelay()
  const to = (path: string) => `http://127.0.0.1:${brokerPort}/_/${path}/hear-note`
  broker.subscribe({ type: 'note.kept', to: to('events'), deadLettersTo: to('dead-letters') })
  for (let wave = 0; wave < WAVES; wave++) {
    await emit(wave)
    const taken = broker.stored.length
    await untilTrue(() => broker.stored.length > taken + WAVE / 4, { what: 'the broker has some of this wave' })
    if (wave % 2 === 0) {
      await killRelay(relay)
      relay = await startRelay()
    } else {
      await broker.kill()
      await broker.start()
    }
  }
  const all = WAVES * WAVE
  const handedOver = async () => {
    const { rows } = await pool.query(
      `select count(*)::int as n from ebb.delivery_state where consumer = 'broker' and state = 'done'`,
    )
    return rows[0].n === all
  }
  await untilTrue(handedOver, { what: 'everything is handed over' })
  await broker.settled()
  expect(new Set(broker.stored.map(({ id }) => id)).size).toBe(all)
  expect(broker.stored.length).toBeGreaterThan(all)
  const dead = await count('dead')
  expect(dead).toBeGreaterThanOrEqual(all / BROKEN)

  fn.state.isBroken = false
  const redriven = await redrive(pool, { limit: all }, { actor: 'test', findIssues: () => [], stopOnFailure: false })
  expect(redriven.deliveries).toHaveLength(dead)
  await untilTrue(async () => (await count('done')) === all + dead, { what: 'what was dead is done' })
  const { rows } = await pool.query('select count(*)::int as effects, count(distinct text)::int as notes from heard')
  expect(rows).toEqual([{ effects: all, notes: all }])
  expect(fn.state.calls).toBeGreaterThan(all)
})
