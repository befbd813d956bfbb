import { untilTrue } from '../../support/until.ts'
import { type Caller, newCaller } from '../callers.ts'
import type { Check, Context } from '../context.ts'
import { REQUESTS } from '../idle-requests.ts'
import { chartOf, helm, untilReady } from '../install.ts'
import { watchFunctions } from '../watch-functions.ts'

const TIMES = 100
const ZERO_LIMIT_MS = 300_000
/** The shortest that Knative takes, in place of 60 s; KEDA looks each 30 s besides. */
const SHORTENED = {
  knative: {
    values: ['--set-string', 'allFunctions.podAnnotations.autoscaling\\.knative\\.dev/window=6s'],
    words: 'a window of 6 s in place of 60',
  },
  keda: { values: ['--set', 'keda.idleSeconds=6'], words: 'idle after 6 s in place of 300' },
}

interface Outcome {
  readonly name: string
  readonly ms: number
  /** What was wrong; undefined where nothing was. */
  readonly fault: string | undefined
}

/** A hundred times: nothing is there, then one request comes, and is answered by a pod that is started for it. */
export const afterLongIdle: Check = {
  name: 'first request after long idle',
  engines: ['knative', 'keda'],
  run: async (context) => {
    const { options, log } = context
    const shortened = options.engine === 'keda' ? SHORTENED.keda : SHORTENED.knative
    await helm(context, ['upgrade', options.release, chartOf(context), '--reuse-values', ...shortened.values])
    await untilReady(context)
    const caller = await newCaller(context)
    const pods = watchFunctions(context)
    const outcomes: Outcome[] = []
    let begun = 0
    const beganAt = Date.now()
    const ask = async (name: string) => {
      while (begun < TIMES) {
        const outcome = await fromNothing(context, { name, caller, pods, n: ++begun })
        outcomes.push(outcome)
        log(`${outcomes.length} of ${TIMES}: ${name} ${outcome.fault ?? `${outcome.ms.toFixed(0)} ms`}`)
      }
    }
    try {
      await Promise.all(Object.keys(REQUESTS).map(ask))
    } finally {
      pods.close()
    }
    context.tables.push({ title: 'First requests after long idle, in ms', rows: rowsOf(outcomes) })
    const faults = outcomes.flatMap(({ name, fault }) => (fault === undefined ? [] : [`${name} ${fault}`]))
    const minutes = ((Date.now() - beganAt) / 60_000).toFixed(0)
    const how = `${shortened.words}; ${Object.keys(REQUESTS).length} functions at once, ${minutes} minutes`
    const figures = `${outcomes.length - faults.length} of ${outcomes.length} answered 2xx by a pod started for them, ${timesOf(outcomes)}; ${how}`
    if (faults.length > 0) throw new Error(`${figures}: ${faults.join('; ')}`)
    return figures
  },
}

interface Asked {
  readonly name: string
  readonly caller: Caller
  readonly pods: ReturnType<typeof watchFunctions>
  readonly n: number
}

/** Waits until no pod of a function is left, asks it once, and waits until the cluster tells of a pod that is new. */
async function fromNothing({ kubectl }: Context, { name, caller, pods, n }: Asked): Promise<Outcome> {
  const isGone = async () => pods.of(name).size === 0 && (await kubectl.podsOfFunction(name)).length === 0
  await untilTrue(isGone, { limitMs: ZERO_LIMIT_MS, what: `zero of ${name}` })
  const known = pods.everOf(name)
  const ask = REQUESTS[name] as (typeof REQUESTS)[string]
  const beganAt = performance.now()
  const answer = await ask(caller, n).then(
    async (response) => ({ status: response.status, text: await response.text() }),
    (error: unknown) => ({ status: 0, text: String(error) }),
  )
  const ms = performance.now() - beganAt
  if (answer.status < 200 || answer.status > 299) return { name, ms, fault: `${answer.status} ${answer.text}` }
  await untilTrue(() => pods.everOf(name) > known, { what: `a new pod of ${name}` })
  return { name, ms, fault: undefined }
}

/** By the nearest rank. */
const at = (times: readonly number[], share: number) => (times[Math.ceil(times.length * share) - 1] ?? 0).toFixed(0)

function timesOf(outcomes: readonly Outcome[]): string {
  const times = outcomes.map(({ ms }) => ms).toSorted((a, b) => a - b)
  return `p50 ${at(times, 0.5)} ms, p99 ${at(times, 0.99)} ms, worst ${at(times, 1)} ms`
}

const rowsOf = (outcomes: readonly Outcome[]) => [
  ['FUNCTION', 'REQUESTS', 'MEDIAN', 'WORST'],
  ...Object.keys(REQUESTS).map((name) => {
    const times = outcomes
      .filter((one) => one.name === name)
      .map(({ ms }) => ms)
      .toSorted((a, b) => a - b)
    return [name, `${times.length}`, at(times, 0.5), at(times, 1)]
  }),
]
