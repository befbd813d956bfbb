import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { untilTrue } from '../../support/until.ts'
import type { Check, Context } from '../context.ts'
import { chartOf, helm, untilReady } from '../install.ts'
import { isReady } from '../kubectl.ts'
import { runCommand } from '../run-command.ts'
import { watchFunctions } from '../watch-functions.ts'
import { untilZero } from './scale-to-zero.ts'

const UPLOAD = 'conformance-upload'
const MAX = 3
const TARGET = 4
/** As many requests at a time as are the targets of all pods that it may have. */
const UPLOADS = MAX * TARGET
const GROWN_MS = 180_000
const IDLE = ['--set', 'keda.idleSeconds=6']

const upgrade = async (context: Context, values: readonly string[]) => {
  const words = ['upgrade', context.options.release, chartOf(context), '--reuse-values', ...IDLE, ...values]
  await helm(context, words)
  await untilReady(context)
}

const readyPods = async ({ kubectl }: Context, name: string) => (await kubectl.podsOfFunction(name)).filter(isReady)

/** From no pod to as many as it may have, while that many requests are under way, and back: beyond one pod it is Kubernetes' autoscaler that asks KEDA. */
export const growsUnderLoad: Check = {
  name: 'more pods under load, and none after',
  engines: ['keda'],
  run: async (context) => {
    const scale = `functions.${UPLOAD}.scale`
    await upgrade(context, ['--set', `${scale}.max=${MAX}`, '--set', `${scale}.target=${TARGET}`])
    await untilZero(context.kubectl, UPLOAD)
    const pods = watchFunctions(context)
    const load = startUploads(await context.gateway())
    const beganAt = Date.now()
    try {
      const isGrown = async () => (await readyPods(context, UPLOAD)).length === MAX
      await untilTrue(isGrown, { limitMs: GROWN_MS, what: `${MAX} pods of ${UPLOAD}` })
      const grownMs = Date.now() - beganAt
      // With all of them, for some time.
      await delay(20_000)
      const { sent, failures } = await load.stop()
      const endedAt = Date.now()
      await untilZero(context.kubectl, UPLOAD)
      const zeroMs = Date.now() - endedAt
      const figures = `${UPLOADS} requests at a time, ${TARGET} to a pod: ${MAX} pods ready after ${seconds(grownMs)} s, ${pods.everOf(UPLOAD)} in all; none ${seconds(zeroMs)} s after the last request; ${failures.length} of ${sent} failed`
      if (failures.length > 0) throw new Error(`${figures}, such as ${failures[0]}`)
      return figures
    } finally {
      await load.stop()
      pods.close()
    }
  },
}

/** Bodies that take two seconds to come, so many at a time: requests that wait for nothing but their callers. */
function startUploads(gateway: string) {
  const failures: string[] = []
  let [sent, running] = [0, true]
  const headers = { 'content-type': 'text/plain' }
  const send = async () => {
    sent++
    const body = ReadableStream.from(slowLines())
    const request = { method: 'POST', headers, body, duplex: 'half', signal: AbortSignal.timeout(60_000) } as const
    try {
      const response = await fetch(`${gateway}/v1/conformance/uploads`, request)
      const text = await response.text()
      if (response.status !== 200) failures.push(`${response.status} ${text}`)
    } catch (error) {
      failures.push(String(error))
    }
  }
  const all = Array.from({ length: UPLOADS }, async () => {
    while (running) await send()
  })
  return {
    stop: async () => {
      running = false
      await Promise.all(all)
      return { sent, failures }
    },
  }
}

async function* slowLines() {
  for (let i = 0; i < 10; i++) {
    yield Buffer.from('a line\n')
    await delay(200)
  }
}

const WARM = 'conformance-look'
const MINUTE = 60_000
const clock = (time: number) => new Date(time).toISOString().slice(11, 16)

/** In the hours that its contract says, a function has a pod without a request, and none after: here for two minutes. */
export const warmByClock: Check = {
  name: 'warm by the clock',
  engines: ['keda'],
  run: async (context) => {
    const from = (Math.floor(Date.now() / MINUTE) + 2) * MINUTE
    const to = from + 2 * MINUTE
    await warmBetween(context, clock(from), clock(to))
    await upgrade(context, [])
    await untilZero(context.kubectl, WARM)
    const earlyMs = from - Date.now()
    if (earlyMs < 0) throw new Error(`it had a pod until ${seconds(-earlyMs)} s after the hour had begun`)
    const isWarm = async () => (await readyPods(context, WARM)).length === 1
    await untilTrue(isWarm, { limitMs: earlyMs + MINUTE, what: `a pod of ${WARM} at ${clock(from)}` })
    const warmAt = Date.now()
    const pods = watchFunctions(context)
    try {
      await delay(to - 1_000 - Date.now())
      if (!(await isWarm()) || pods.everOf(WARM) !== 1) throw new Error(`its pod did not stay until ${clock(to)}`)
      await untilZero(context.kubectl, WARM)
    } finally {
      pods.close()
    }
    const figures = `a pod ${seconds(warmAt - from)} s after ${clock(from)} without a request, none ${seconds(Date.now() - to)} s after ${clock(to)}`
    if (warmAt < from) throw new Error(`${figures}: too early`)
    return figures
  },
}

/** Says so in its contract, of which the chart is rendered anew. */
async function warmBetween({ project }: Context, from: string, to: string) {
  const path = join(project, 'functions', WARM, 'contract.ts')
  const text = await readFile(path, 'utf8')
  const warmed = text.replace(/scale: \{ max/, `scale: { warm: [{ from: '${from}', to: '${to}' }], max`)
  if (warmed === text) throw new Error(`${path} has no scale`)
  await writeFile(path, warmed)
  await runCommand(process.execPath, ['src/cli.ts', 'render'], { cwd: project, limitMs: 120_000 })
}

const seconds = (ms: number) => (ms / 1_000).toFixed(0)
