import { createInterface } from 'node:readline'
import { untilTrue } from '../support/until.ts'
import type { Context } from './context.ts'
import { conditionOf, type KubernetesObject } from './kubectl.ts'
import { startCommand } from './run-command.ts'

/** One cold start: moments in milliseconds since the caller sent, and what the function logged of itself. */
export interface ColdStart {
  /** Each part of the wait by name, in order; together they are all of it. */
  readonly parts: ReadonlyMap<string, number>
  readonly waitedMs: number
  /** The function's own words. */
  readonly own: { readonly spawnMs: number; readonly loadMs: number; readonly readyMs: number; firstAnswerMs: number }
  /** How long the function worked at the request. */
  readonly workMs: number
}

interface LogLine {
  readonly time: string
  readonly msg: string
  readonly durationMs?: number
  readonly coldStart?: ColdStart['own']
}

/** Puts together what the watch saw, what the pod logged and what the caller waited; one clock for all, so one node. */
export async function coldStartOf(
  { kubectl }: Context,
  { name, beganAt, endedAt, seen }: { name: string; beganAt: number; endedAt: number; seen: readonly PodEvent[] },
): Promise<ColdStart> {
  const sinceFirst = (type: string) => seen.find(({ pod }) => conditionOf(pod, type) === 'True')?.at
  await untilTrue(() => sinceFirst('Ready') !== undefined, { what: 'a ready pod' })
  const pod = seen.find(({ type }) => type === 'ADDED')?.pod.metadata.name ?? ''
  const lines: LogLine[] = []
  const look = async () => {
    const text = await kubectl.text(['logs', pod, '--container', 'function'])
    lines.splice(
      0,
      lines.length,
      ...text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    )
    return lines.some(({ msg }) => msg === 'cold start') && lines.some(({ msg }) => msg === 'request')
  }
  await untilTrue(look, { what: `the log of ${name}` })
  const own = lines.find(({ coldStart }) => coldStart)?.coldStart
  const request = lines.find(({ msg }) => msg === 'request')
  const listening = lines.find(({ msg }) => msg === 'listening')
  if (!own || !request || !listening) throw new Error(`${pod} logged nothing of its start`)

  const addressAt = seen.find(({ pod }) => pod.status?.podIP)?.at
  const workMs = request.durationMs ?? 0
  const listensAt = Date.parse(listening.time)
  const moments: [string, number][] = [
    ['gateway, ingress, activator, autoscaler: until the pod is made', seen[0]?.at ?? beganAt],
    ['scheduler', sinceFirst('PodScheduled') ?? 0],
    ['kubelet: sandbox, network, volumes, container', listensAt - own.readyMs],
    ['our process: from exec to listening', listensAt],
    ['kubelet: until it reports the pod’s address', Math.max(listensAt, addressAt ?? 0)],
    ['activator: until it gets through to the pod', Date.parse(request.time) - workMs],
    ['our handler', Date.parse(request.time)],
    ['back to the caller', endedAt],
  ]
  const parts = new Map<string, number>()
  let from = beganAt
  for (const [part, at] of moments) {
    parts.set(part, at - from)
    from = at
  }
  return { parts, waitedMs: endedAt - beganAt, own, workMs }
}

/** A row a part, a column a start, and the median. */
export function printPhases(starts: readonly ColdStart[]) {
  const names = [...(starts[0]?.parts.keys() ?? [])]
  const row = (name: string, values: readonly number[]) => [
    ...[name, ...values.map(whole), whole(median(values))],
    `${whole((100 * median(values)) / median(starts.map(({ waitedMs }) => waitedMs)))} %`,
  ]
  const rows = [
    ['PART', ...starts.map((_, i) => `RUN ${i + 1}`), 'MEDIAN', 'SHARE'],
    ...names.map((name) =>
      row(
        name,
        starts.map(({ parts }) => parts.get(name) ?? 0),
      ),
    ),
    row(
      'what the caller waited',
      starts.map(({ waitedMs }) => waitedMs),
    ),
    ...(['spawnMs', 'loadMs', 'readyMs', 'firstAnswerMs'] as const).map((part) =>
      row(
        `the function’s own word: ${part}`,
        starts.map(({ own }) => own[part]),
      ),
    ),
  ]
  const own = median(starts.map((start) => start.own.readyMs + start.workMs))
  const waited = median(starts.map(({ waitedMs }) => waitedMs))
  const summary = `201 three times; median: waited ${whole(waited)} ms, of it in our process ${whole(own)} ms (ready after ${whole(median(starts.map(({ own }) => own.readyMs)))}, handler ${whole(median(starts.map(({ workMs }) => workMs)))}), platform ${whole(waited - own)} ms`
  return { rows, summary }
}

const whole = (ms: number) => ms.toFixed(0)

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

interface PodEvent {
  /** This machine's clock, in milliseconds. */
  readonly at: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly pod: KubernetesObject
}

/**
 * Every change of the pods of a function with the time at which it was reported: an object's own timestamps are whole
 * seconds. Ends with `close`.
 */
export function watchPods(namespace: string, selector: string) {
  const words = ['--namespace', namespace, 'get', 'pods', '--selector', selector]
  const watch = ['--watch', '--output-watch-events', '--output', 'json']
  const child = startCommand('kubectl', [...words, ...watch], { stdio: ['ignore', 'pipe', 'ignore'] })
  const seen: PodEvent[] = []
  if (!child.stdout) throw new Error('no output')
  createInterface(child.stdout).on('line', (line) => {
    // kubectl's own words, an event a line.
    const { type, object } = JSON.parse(line) as { type: PodEvent['type']; object: KubernetesObject }
    seen.push({ at: Date.now(), type, pod: object })
  })
  return { seen, close: () => child.kill() }
}
