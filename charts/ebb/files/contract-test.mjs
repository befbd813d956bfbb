// What `helm test` runs: asks the gateway for what the contracts promise by their examples (checks.json, which `ebb render`
// derives), and waits until the events of these requests are delivered.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const { GATEWAY, ADMIN, EBB_ADMIN_KEY_FILE, CHECKS } = process.env
/** Less than the pod may take. */
const LIMIT_MS = Number(process.env.LIMIT_MS ?? 240_000)
/** More than the pod may take: a run that is killed leaves a key that ends by itself. */
const KEY_MS = 600_000
const CALL_MS = 60_000
const AT_ONCE = 4
/** Of its function's newest events, for the one of a request that has just been answered. */
const LOOK_AT = 50

const json = { 'content-type': 'application/json' }
const admin = { ...json, authorization: `Bearer ${readFileSync(EBB_ADMIN_KEY_FILE, 'utf8').trim()}` }
const began = Date.now()
const say = (sentence) => console.log(`${((Date.now() - began) / 1_000).toFixed(1)} s: ${sentence}`)

process.on('SIGTERM', () => process.exit(1))
const checks = JSON.parse(readFileSync(CHECKS, 'utf8'))
await expectOk(`${GATEWAY}/_/health`)
await untilReady()
const { openapi, paths = {} } = await expectOk(`${GATEWAY}/openapi.json`)
if (!String(openapi).startsWith('3.1.')) throw new Error(`${GATEWAY}/openapi.json is no document of OpenAPI 3.1`)
say(`the gateway serves ${Object.keys(paths).length} paths`)

const scopes = [...new Set(checks.flatMap((check) => check.scopes ?? []))]
const grant = checks.some((check) => check.scopes) ? await createKey() : undefined
const faults = []
try {
  const waiting = [...checks]
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let check = waiting.shift(); check; check = waiting.shift()) await run(check)
    }),
  )
} finally {
  if (grant) await expectOk(`${ADMIN}/v1/keys/${grant.key.id}`, { method: 'DELETE', headers: admin })
}
for (const fault of faults) say(`FAILED: ${fault}`)
say(`${checks.length - faults.length} of ${checks.length} contracts are kept`)
process.exitCode = faults.length > 0 ? 1 : 0

/** Right after an installation, or where the database is slow, it may not be yet. */
async function untilReady() {
  for (;;) {
    const { status, text } = await call(`${GATEWAY}/_/ready`, {})
    if (status === 200) return
    if (Date.now() - began > LIMIT_MS) throw new Error(`the gateway is not ready after ${LIMIT_MS} ms: ${text}`)
    await delay(500)
  }
}

async function createKey() {
  const expiresAt = new Date(Date.now() + KEY_MS).toISOString()
  const body = JSON.stringify({ subject: `helm-test.${randomUUID()}`, scopes, expiresAt })
  return expectOk(`${ADMIN}/v1/keys`, { method: 'POST', headers: admin, body })
}

async function run(check) {
  const name = `${check.function} (${check.method} ${check.target})`
  try {
    say(`${name} ${await ask(check)}`)
  } catch (error) {
    faults.push(`${name}: ${error.message}`)
  }
}

/** What became of its request, in words; throws where that is not what its contract says. */
async function ask({ function: name, method, path, target, headers, body, scopes, writes, status, failures, events }) {
  if (!paths[path]?.[method.toLowerCase()]) throw new Error('it is not in the OpenAPI document')
  const correlationId = `helm-test.${randomUUID()}`
  const answer = await call(`${GATEWAY}${target}`, {
    method,
    headers: {
      ...headers,
      'x-correlation-id': correlationId,
      ...(scopes ? { authorization: `Bearer ${grant.token}` } : {}),
      ...(body === undefined ? {} : json),
      ...(writes ? { 'idempotency-key': randomUUID() } : {}),
    },
    ...(body === undefined ? {} : { body }),
  })
  const code = answer.status === status ? undefined : codeOf(answer.text)
  if (code !== undefined && failures?.[code] === answer.status) return `answers ${answer.status} ${code}, as it may`
  if (answer.status !== status) throw new Error(`it answers ${answer.status} instead of ${status}: ${answer.text}`)
  const delivered = []
  for (const [type, subscribers] of Object.entries(events ?? {})) {
    const event = await findEvent({ type, source: `/functions/${name}`, correlationId })
    if (event) await untilDelivered(event, subscribers)
    delivered.push(event ? `${type} is delivered to ${subscribers.join(', ')}` : `it emitted no ${type}`)
  }
  return [`answers ${status}`, ...delivered].join(', ')
}

function codeOf(text) {
  try {
    return JSON.parse(text).error
  } catch {
    return undefined
  }
}

/** An event is stored together with what its request did: it is there once the request is answered, or it never is. */
async function findEvent({ type, source, correlationId }) {
  const { events } = await expectOk(`${ADMIN}/v1/events?type=${type}&limit=500`, { headers: admin })
  for (const { id } of events.filter((event) => event.source === source).slice(0, LOOK_AT)) {
    const event = await expectOk(`${ADMIN}/v1/events/${id}`, { headers: admin })
    if (event.correlationId === correlationId) return event
  }
  return undefined
}

async function untilDelivered({ id, type }, subscribers) {
  for (;;) {
    const { deliveries } = await expectOk(`${ADMIN}/v1/events/${id}`, { headers: admin })
    const stateOf = (name) => deliveries.find(({ consumer }) => consumer === name)?.state
    const dead = subscribers.filter((name) => stateOf(name) === 'dead')
    if (dead.length > 0) throw new Error(`its ${type} is a dead letter of ${dead.join(', ')}`)
    const open = subscribers.filter((name) => stateOf(name) !== 'done')
    if (open.length === 0) return
    if (Date.now() - began > LIMIT_MS)
      throw new Error(`its ${type} is not with ${open.join(', ')} after ${LIMIT_MS} ms`)
    await delay(500)
  }
}

async function expectOk(url, init = {}) {
  const { status, text } = await call(url, init)
  if (status < 200 || status > 299) throw new Error(`${init.method ?? 'GET'} ${url} answered ${status}: ${text}`)
  return text ? JSON.parse(text) : undefined
}

async function call(url, init) {
  // A connection of its own, since one that was idle may be closed just now.
  const headers = { ...init.headers, connection: 'close' }
  try {
    const answer = await fetch(url, { ...init, headers, signal: AbortSignal.timeout(CALL_MS) })
    return { status: answer.status, text: await answer.text() }
  } catch (cause) {
    throw new Error(`${init.method ?? 'GET'} ${url}: ${cause.cause?.message ?? cause.message}`, { cause })
  }
}
