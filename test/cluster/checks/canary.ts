import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { AdminOutput } from '../../../src/protocol/admin/admin-endpoint.ts'
import type { listCanaries } from '../../../src/protocol/admin/canaries.ts'
import { type Caller, callAdmin, newBatch, newCaller, writeEntry } from '../callers.ts'
import { buildVariants, ENDPOINT, imageOf, SUBSCRIBER, type VariantName } from '../canary-images.ts'
import type { Check, Context } from '../context.ts'
import { untilDelivered } from '../events.ts'

const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url))
const CALLERS = 60
const PER_SECOND = 30
const EXPECTED = { errors: 'aborted', slow: 'aborted', breaks: 'aborted', fine: 'promoted' } as const

type Canaries = AdminOutput<typeof listCanaries>['canaries']

/** `ebb canary`, on this cluster: its exit code and output. */
async function ebbCanary(context: Context, args: readonly string[]) {
  const { kubectl, options } = context
  const key = await kubectl.secret(`${options.release}-gateway`, 'admin-key')
  const where = ['--namespace', options.namespace, '--admin', await context.admin()]
  const child = spawn(process.execPath, [CLI, 'canary', ...args, ...where], {
    env: { ...process.env, EBB_ADMIN_KEY: key },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { code, output: `${stdout}${stderr}`.trim() }
}

const stateOf = async (context: Context, name: string) =>
  (await callAdmin<{ canaries: Canaries }>(context, '/v1/canaries')).canaries.find((canary) => canary.name === name)

/** Four canaries, of which three are wrong, each in its way, under load: those are aborted, and the fourth is promoted. */
export const endpointCanaries: Check = {
  name: 'canaries of an endpoint',
  run: async (context) => {
    const variants = Object.keys(EXPECTED) as (keyof typeof EXPECTED)[]
    await buildVariants(context, variants)
    const callers = await Promise.all(Array.from({ length: CALLERS }, () => newCaller(context)))
    const rows: string[][] = []
    const wrong: string[] = []
    for (const variant of variants) {
      const { row, fault } = await tryVariant(context, variant, callers)
      rows.push(row)
      if (fault !== undefined) wrong.push(`${variant}: ${fault}`)
    }
    const header = [
      'canary',
      'outcome',
      'requests to it',
      'of all',
      'seconds',
      'failures of the canary',
      'of others',
      'back in',
    ]
    context.tables.push({ title: 'Canaries of an endpoint', rows: [header, ...rows] })
    if (wrong.length > 0) throw new Error(wrong.join('; '))
    return rows.map(([name, outcome, requests]) => `${name} ${outcome} after ${requests}`).join(', ')
  },
}

async function tryVariant(context: Context, variant: keyof typeof EXPECTED, callers: readonly Caller[]) {
  // It runs before many come: what waits for a start is refused beyond some.
  await readOnce(callers[0] as Caller)
  const load = startReads(callers)
  const beganAt = Date.now()
  const { code, output } = await ebbCanary(context, [
    'start',
    ENDPOINT,
    '--image',
    imageOf(context, variant),
    '--promote',
  ])
  const endedAt = Date.now()
  context.log(output.split('\n').join('\n          '))
  // As many requests again, by all callers: nothing of it is left.
  await load.atLeast(load.sent() + 10 * PER_SECOND)
  const { sent, failures } = await load.stop()
  const ended = await stateOf(context, ENDPOINT)
  const ofCanary = failures.filter((one) => one.variant === 'canary' && one.at <= endedAt)
  const others = failures.filter((one) => !ofCanary.includes(one))
  const canaryCalls = ended?.canary.requests ?? 0
  const lastOfCanary = load.lastCanaryAt()
  const decidedAt = Date.parse(ended?.endedAt ?? '')
  const backMs = Math.max(0, lastOfCanary - decidedAt)
  const row = [
    ...[variant, ended?.state ?? '-', String(canaryCalls), String(sent), ((endedAt - beganAt) / 1_000).toFixed(0)],
    ...[String(ofCanary.length), String(others.length), variant === 'fine' ? '-' : `${backMs} ms`],
  ]
  const expected = EXPECTED[variant]
  const fault =
    ended?.state !== expected
      ? `${ended?.state} in place of ${expected}: ${ended?.why}`
      : others.length > 0
        ? `${others.length} failures of others, such as ${JSON.stringify(others[0])}`
        : variant !== 'fine' && backMs > 10_000
          ? `callers came to it ${backMs} ms after it was aborted`
          : code !== (expected === 'promoted' ? 0 : 1)
            ? `ebb canary ended with ${code}: ${output}`
            : undefined
  return { row, fault }
}

interface Failure {
  readonly variant: string | null
  readonly status: number
  readonly text: string
  readonly at: number
}

/** Reads an entry that would be the caller's. */
const readOnce = (caller: Caller) =>
  caller.call('GET', `/v1/conformance/entries/${randomUUID()}.${Buffer.from(caller.subject).toString('base64url')}`)

/** Reads of all callers in turn, at a steady rate. */
function startReads(callers: readonly Caller[]) {
  const failures: Failure[] = []
  const open = new Set<Promise<void>>()
  let [sent, lastCanaryAt] = [0, 0]
  const send = async (caller: Caller) => {
    const at = Date.now()
    try {
      const response = await readOnce(caller)
      const text = await response.text()
      const variant = response.headers.get('ebb-variant')
      if (variant === 'canary') lastCanaryAt = Math.max(lastCanaryAt, at)
      if (response.status !== 200) failures.push({ variant, status: response.status, text, at })
    } catch (error) {
      failures.push({ variant: null, status: 0, text: String(error), at })
    }
  }
  const timer = setInterval(() => {
    const request = send(callers[sent++ % callers.length] as Caller).finally(() => open.delete(request))
    open.add(request)
  }, 1_000 / PER_SECOND)
  const atLeast = async (count: number) => {
    while (sent < count) await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return {
    atLeast,
    sent: () => sent,
    lastCanaryAt: () => lastCanaryAt,
    stop: async () => {
      clearInterval(timer)
      await Promise.all(open)
      return { sent, failures }
    },
  }
}

/** A canary that gets copies alone, and answers otherwise: it is aborted, and no caller has noticed. */
export const copiedReads: Check = {
  name: 'canary by copies of reads',
  run: async (context) => {
    await buildVariants(context, ['otherwise'])
    const callers = await Promise.all(Array.from({ length: CALLERS }, () => newCaller(context)))
    await readOnce(callers[0] as Caller)
    const load = startReads(callers)
    const image = ['--image', imageOf(context, 'otherwise')]
    const { output } = await ebbCanary(context, ['start', ENDPOINT, ...image, '--shadow'])
    const { sent, failures } = await load.stop()
    context.log(output.split('\n').join('\n          '))
    const ended = await stateOf(context, ENDPOINT)
    if (ended?.state !== 'aborted' || !ended.why.startsWith('It answers otherwise'))
      throw new Error(`it is ${ended?.state}: ${ended?.why}`)
    if (load.lastCanaryAt() > 0 || failures.length > 0)
      throw new Error(
        `of ${sent} requests ${failures.length} failed; a caller got the canary at ${load.lastCanaryAt()}`,
      )
    return `of ${sent} requests ${ended.shadow?.compared} copies were compared, and ${ended.shadow?.differs} differ`
  },
}

const EVENTS_PER_SECOND = 5

/** A subscriber's new revision fails half of its events: it is aborted, and each event is delivered all the same. */
export const subscriberCanary: Check = {
  name: 'canary of a subscriber',
  run: async (context) => {
    const variant: VariantName = 'events-fail'
    await buildVariants(context, [variant])
    const caller = await newCaller(context)
    const batch = newBatch()
    const entries: string[] = []
    let running = true
    const writing = (async () => {
      while (running) {
        const response = await writeEntry(caller, batch)
        if (response.status !== 201) throw new Error(`a write answered ${response.status}: ${await response.text()}`)
        entries.push(((await response.json()) as { id: string }).id)
        await new Promise((resolve) => setTimeout(resolve, 1_000 / EVENTS_PER_SECOND))
      }
    })()
    const beganAt = Date.now()
    const started = await ebbCanary(context, [
      'start',
      SUBSCRIBER,
      '--image',
      imageOf(context, variant),
      '--steps',
      '20,50',
    ])
    running = false
    await writing
    context.log(started.output)
    const ended = await stateOf(context, SUBSCRIBER)
    if (ended?.state !== 'aborted') throw new Error(`it is ${ended?.state}: ${started.output}`)
    await untilDelivered(context, entries)
    const seconds = ((Date.now() - beganAt) / 1_000).toFixed(0)
    return `aborted after ${ended.canary.requests} deliveries to it; all of ${entries.length} events delivered in ${seconds} s`
  },
}
