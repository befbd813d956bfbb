import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { untilTrue } from '../../support/until.ts'
import { newBatch, newCaller, writeEntry } from '../callers.ts'
import { type Check, type Context, openContext } from '../context.ts'
import { eventsAbout, untilDelivered } from '../events.ts'
import { chartOf, FUNCTION_SECRETS, ingressOf } from '../install.ts'
import { type Kubectl, kubectlIn } from '../kubectl.ts'
import { reachHost } from '../reach-host.ts'
import { runCommand } from '../run-command.ts'

const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url))
const [FIRST, SECOND] = ['e2e-1', 'e2e-2'] as const
const SERVER = 'ebb-previews'
const LIMIT_SECONDS = 60
const ZERO_MS = 300_000
const OVER = 'ebb.dev/expires=2026-01-01T00:00:00Z'

interface StartedPreview {
  readonly name: string
  readonly namespace: string
  readonly url: string
  readonly seconds: number
}

/** Previews come up, go to zero, wake for a request with their data, and leave nothing, whoever removes them, and however. */
export const previews: Check = {
  name: 'previews',
  engines: ['knative'],
  isAlone: true,
  run: async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'ebb-previews-'))
    const hadServer = (await context.kubectl.text(['get', 'namespace', SERVER, '--ignore-not-found'])) !== ''
    try {
      return await tryPreviews(context, await writeValues(context, folder))
    } finally {
      for (const name of [FIRST, SECOND]) await ebbPreview(context, ['down', name])
      const gone = ['delete', 'namespace', SERVER, '--ignore-not-found', '--timeout=180s']
      if (!hadServer) await context.kubectl.text(gone, { limitMs: 200_000 })
      await rm(folder, { recursive: true })
    }
  },
}

async function tryPreviews(context: Context, values: readonly string[]): Promise<string> {
  const { kubectl, options } = context
  const up = async (name: string, more: readonly string[] = []): Promise<StartedPreview> => {
    const words = ['up', name, '--ttl', '1h', '--json', ...values, ...more]
    const started: StartedPreview = JSON.parse(await ebbPreview(context, words))
    context.log(`${name} is up after ${started.seconds.toFixed(1)} s: ${started.url}`)
    return started
  }
  const first = await up(FIRST)
  const { entries, sentence } = await useAndLeave(context, first)
  const copy = ['--template', 'preview_e2e_1', '--secret', `${options.namespace}/${FUNCTION_SECRETS}`]
  const second = await up(SECOND, copy)
  await mustHave(context, second, entries)
  const again = await up(FIRST)
  if (again.url !== first.url) throw new Error(`a second up moved it from ${first.url} to ${again.url}`)
  // The time of one is over, and of the other somebody has removed the namespace by hand.
  await kubectl.text(['annotate', 'namespace', first.namespace, '--overwrite', OVER])
  await kubectl.text(['delete', 'namespace', second.namespace, '--timeout=600s'], { limitMs: 620_000 })
  const downSeconds = await secondsOf(async () => void (await ebbPreview(context, ['down', '--expired'])))
  await nothingLeft(kubectl)
  const [one, two, three] = [first, second, again].map(({ seconds }) => seconds.toFixed(1))
  const figures = `up after ${one} s with the Postgres of previews, ${two} s as a copy beside it, ${three} s where it was up; ${sentence}; two removed in ${downSeconds.toFixed(0)} s, nothing of them left`
  if (Math.max(first.seconds, second.seconds) > LIMIT_SECONDS)
    throw new Error(`${figures}; more than ${LIMIT_SECONDS} s`)
  return figures
}

const ebbPreview = ({ project }: Context, words: readonly string[]) =>
  runCommand(process.execPath, [CLI, 'preview', ...words], { cwd: project, limitMs: 600_000 })

/** What this cluster needs, and the images of the run. */
async function writeValues(context: Context, folder: string): Promise<readonly string[]> {
  const { options } = context
  const file = join(folder, 'values.json')
  const values = {
    image: { registry: options.registry, tag: options.tag },
    knative: { ingressNamespaces: [await ingressOf(context)], ingressPorts: [Number(options.ingressPort)] },
  }
  await writeFile(file, JSON.stringify(values))
  return ['--values', `${chartOf(context)}/values-small.yaml`, '--values', file]
}

/** A write and its event, until no pod is left; and the same again, for which a request has to start it. */
async function useAndLeave(context: Context, started: StartedPreview) {
  await using preview = await openPreview(context, started)
  const entries: string[] = []
  const [wakes, zeroes]: [number[], number[]] = [[], []]
  for (let i = 0; i < 2; i++) {
    wakes.push(await secondsOf(() => wake(preview)))
    const response = await writeEntry(await newCaller(preview), newBatch())
    if (response.status !== 201) throw new Error(`it answered ${response.status}: ${await response.text()}`)
    entries.push(((await response.json()) as { id: string }).id)
    // What was there before it went to zero is still there.
    await untilDelivered(preview, entries)
    zeroes.push(await secondsOf(() => untilNoPod(preview.kubectl)))
  }
  const idle = zeroes.map((seconds) => seconds.toFixed(0)).join(' and ')
  return {
    entries,
    sentence: `no pod ${idle} s after its last request, and answers again after ${wakes[1]?.toFixed(1)} s`,
  }
}

/** A copy has the events of the original, and the Secret that it was given. */
async function mustHave(context: Context, started: StartedPreview, entries: readonly string[]) {
  await using preview = await openPreview(context, started)
  await preview.kubectl.get('secret', FUNCTION_SECRETS)
  await wake(preview)
  const copied = await eventsAbout(preview, 'conformance.written', entries)
  if (copied.length !== entries.length) throw new Error(`the copy has ${copied.length} of ${entries.length} events`)
}

/** A preview as what checks are given, reached by its own host name. */
async function openPreview(context: Context, { namespace, url }: StartedPreview) {
  const inside = await openContext({ ...context.options, namespace }, context.project)
  const reached = await reachHost(new URL(url).host, await ingressAddress(context))
  return {
    ...inside,
    gateway: async () => reached.url,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([inside.close(), reached.close()])
    },
  }
}

/** The address of Knative's ingress for requests from outside. */
async function ingressAddress(context: Context): Promise<string> {
  const services = await kubectlIn(await ingressOf(context)).list('services')
  const outer = services.find(({ metadata, spec }) => !/internal/.test(metadata.name) && spec.clusterIP !== 'None')
  if (!outer) throw new Error('the namespace of the ingress has no Service for requests from outside')
  return `http://${String(outer.spec.clusterIP)}`
}

async function wake(preview: Context) {
  const response = await fetch(`${await preview.gateway()}/openapi.json`, { signal: AbortSignal.timeout(60_000) })
  const text = await response.text()
  if (!response.ok) throw new Error(`/openapi.json answered ${response.status}: ${text.slice(0, 500)}`)
}

async function secondsOf(what: () => Promise<void>): Promise<number> {
  const beganAt = Date.now()
  await what()
  return (Date.now() - beganAt) / 1_000
}

/** No pod but that of the migration, which has ended. */
async function untilNoPod(kubectl: Kubectl) {
  let left: string[] = []
  const look = async () => {
    const running = (await kubectl.list('pods')).filter(({ status }) => status?.phase !== 'Succeeded')
    left = running.map(({ metadata }) => metadata.name)
    return left.length === 0
  }
  await untilTrue(look, { limitMs: ZERO_MS, what: 'a preview without a pod' }).catch((error: Error) => {
    throw new Error(`${error.message}: ${left.join(', ')}`)
  })
}

const STORED = `select datname from pg_database where datname like 'preview%'
  union all select rolname from pg_roles where rolname like 'preview%'
  union all select slot_name from pg_replication_slots`

async function nothingLeft(kubectl: Kubectl) {
  const namespaces = await kubectl.text(['get', 'namespaces', '--selector', 'ebb.dev/preview', '--output', 'name'])
  const claims = ['get', 'persistentvolumes', '--output', 'jsonpath={.items[*].spec.claimRef.namespace}']
  const volumes = (await kubectl.text(claims)).split(' ').filter((namespace) => namespace.startsWith('preview-'))
  const psql = ['psql', '--username=postgres', '--tuples-only', '--no-align', '--command', STORED]
  const stored = await kubectlIn(SERVER).text(['exec', 'statefulset/ebb-postgres', '--', ...psql])
  const left = [namespaces, stored].flatMap((text) => text.split('\n')).filter((line) => line.trim() !== '')
  if (left.length + volumes.length > 0) throw new Error(`there is still ${[...left, ...volumes].join(', ')}`)
}
