import { setTimeout as delay } from 'node:timers/promises'
import { ConfigError } from '../kernel/index.ts'
import * as endpoints from '../protocol/admin/canaries.ts'
import { DEFAULT_REQUESTS, DEFAULT_SECONDS, DEFAULT_STEPS, MAX_SHARE } from '../protocol/canary/steps.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult } from './admin-client.ts'
import { moverOf } from './canary/find-mover.ts'
import { openKubectl } from './canary/kubectl.ts'
import type { Mover } from './canary/mover.ts'
import { type Canary, sentenceOf, toLines } from './canary/tell-canary.ts'
import { printLine } from './command.ts'
import { type Form, form } from './form.ts'

const NAME = { value: 'NAME', required: true, completes: 'function', description: 'The function.' } as const
const NAMESPACE = {
  value: 'NAMESPACE',
  description: 'Where the function runs. Default: the namespace of the context of kubectl.',
} as const
const OPTIONS = { namespace: NAMESPACE, ...ADMIN_OPTIONS }

export const canaryCommand: readonly Form[] = [
  form({
    word: 'start',
    description:
      'Start a new revision of a function beside the old one, send a share of the callers to it, and follow that until it has passed or was found worse. Run again, it goes on where it was.',
    arguments: { name: NAME },
    options: {
      image: { value: 'IMAGE', required: true, description: 'The image of the new revision.' },
      steps: {
        value: 'PERCENT,…',
        description: `The shares of the callers one after the other, up to ${MAX_SHARE}. Default: ${DEFAULT_STEPS.join(',')}.`,
        read: readSteps,
      },
      requests: { value: 'N', description: `To the new revision, of each step. Default: ${DEFAULT_REQUESTS}.` },
      seconds: { value: 'N', description: `That each step lasts at least. Default: ${DEFAULT_SECONDS}.` },
      shadow: {
        description: 'Copy reads to it first, before it has any callers, and compare the answers of both revisions.',
      },
      'may-differ': {
        value: 'PATH,…',
        description: 'What it may answer otherwise than the old revision, such as items.*.score. Default: nothing.',
        read: (text: string) => text.split(','),
      },
      'by-header': { description: 'Let callers choose by the header Ebb-Variant: canary, or stable.' },
      promote: { description: 'Promote it as soon as it has passed.' },
      ...OPTIONS,
    },
    examples: [
      'canary start list-orders --image registry.example.com/shop/list-orders:42 --promote',
      'canary start list-orders --image registry.example.com/shop/list-orders:42 --shadow',
    ],
    run: (project, { name, ...options }) => start(project, name, options),
  }),
  form({
    word: 'status',
    description: 'Say how canaries do, and why, with what was counted of both revisions.',
    arguments: { name: { value: 'NAME', completes: 'function', description: 'One function. Default: all.' } },
    options: ADMIN_OPTIONS,
    examples: ['canary status', 'canary status list-orders'],
    run: (project, { name, ...options }) => status(project, name, options),
  }),
  form({
    word: 'promote',
    description: 'Put the new revision in the place of the old one, for all callers.',
    arguments: { name: NAME },
    options: OPTIONS,
    examples: ['canary promote list-orders'],
    run: async (project, { name, ...options }) => promote(project, name, options, await open(name, options)),
  }),
  form({
    word: 'abort',
    description: 'Send nobody to the new revision any more, and take it away.',
    arguments: { name: NAME },
    options: OPTIONS,
    examples: ['canary abort list-orders'],
    run: async (project, { name, ...options }) => abort(project, name, options, await open(name, options)),
  }),
]

interface ClusterOptions extends AdminOptions {
  readonly namespace?: string | undefined
}

interface StartOptions extends ClusterOptions {
  readonly image: string
  readonly steps?: readonly number[] | undefined
  readonly requests?: string | undefined
  readonly seconds?: string | undefined
  readonly 'by-header': boolean
  readonly shadow: boolean
  readonly 'may-differ'?: readonly string[] | undefined
  readonly promote: boolean
}

const POLL_MS = 1_000
/** For how long the admin API may be away while a canary is followed, which goes on by itself meanwhile. */
const AWAY_MS = 60_000

const open = (name: string, { namespace }: ClusterOptions) => moverOf(openKubectl({ namespace }), name)

async function start(project: string, name: string, options: StartOptions) {
  const { image, steps = DEFAULT_STEPS, shadow, 'may-differ': mayDiffer = [] } = options
  const mover = await open(name, options)
  const known = await mover.find(name)
  if (known && known.image !== image)
    throw new ConfigError(`a canary of ${name} with ${known.image} is there already; promote or abort it first.`)
  // What does not start, or gets nobody, is taken away again.
  const takeAway = async (error: unknown): Promise<never> => {
    await mover.end(name)
    throw error
  }
  await mover.start(name, image).catch(takeAway)
  const before = await find(project, name, options)
  // One that has ended, by the judge or by a person, is not begun anew where its objects are still there.
  if (!known || !before || before.image !== image) {
    const given = { requests: numberOf(options.requests), seconds: numberOf(options.seconds) }
    const shares = { steps: shadow && steps[0] !== 0 ? [0, ...steps] : [...steps], mayDiffer: [...mayDiffer] }
    const body = { image, ...shares, ...given, byHeader: options['by-header'] }
    const started = callAdmin(project, endpoints.startCanary, { params: { name }, body }, options)
    await (known ? started : started.catch(takeAway))
  }
  const ended = await follow(project, name, options)
  if (ended.state === 'aborted') {
    await mover.end(name)
    throw new ConfigError(`the canary of ${name} is aborted. ${ended.why}`)
  }
  // A run that was interrupted has promoted it, and not ended that.
  if (ended.state === 'promoted') await mover.end(name)
  if (ended.state === 'passed' && options.promote) await promote(project, name, options, mover)
}

/** Prints each sentence that is new, until there is nothing to wait for. */
async function follow(project: string, name: string, options: AdminOptions): Promise<Canary> {
  let told = ''
  for (;;) {
    const canary = await findPatiently(project, name, options)
    if (!canary) throw new ConfigError(`no canary of ${name} is known any more.`)
    const sentence = sentenceOf(canary)
    if (sentence !== told) printLine(sentence)
    told = sentence
    if (canary.state !== 'running') return canary
    await delay(POLL_MS)
  }
}

/** Bears with an admin API that is away for a moment. */
async function findPatiently(project: string, name: string, options: AdminOptions): Promise<Canary | undefined> {
  for (const endsAt = Date.now() + AWAY_MS; ; await delay(POLL_MS)) {
    try {
      return await find(project, name, options)
    } catch (error) {
      if (Date.now() > endsAt) throw error
    }
  }
}

async function status(project: string, name: string | undefined, options: AdminOptions) {
  const { canaries } = await callAdmin(project, endpoints.listCanaries, {}, options)
  const asked = canaries.filter((canary) => name === undefined || canary.name === name)
  printResult({ canaries: asked }, (listed) => toLines(listed.canaries), options)
}

async function promote(project: string, name: string, options: AdminOptions, mover: Mover) {
  const known = await mover.find(name)
  if (!known) throw new ConfigError(`no canary of ${name} is in this namespace.`)
  await mover.promote(name)
  await endIfKnown(project, name, endpoints.promoteCanary, options)
  await mover.end(name)
  printLine(
    `${name} is ${known.image} now, for all callers; say so in the values of the chart (functions.${name}.image), or the next helm upgrade takes it back.`,
  )
}

async function abort(project: string, name: string, options: AdminOptions, mover: Mover) {
  await endIfKnown(project, name, endpoints.abortCanary, options)
  await mover.end(name)
  printLine(`${name} has no canary any more; all callers get what they had before.`)
}

/** A run that was interrupted may have ended it already. */
async function endIfKnown(
  project: string,
  name: string,
  endpoint: typeof endpoints.abortCanary | typeof endpoints.promoteCanary,
  options: AdminOptions,
) {
  const canary = await find(project, name, options)
  if (canary?.state !== 'running' && canary?.state !== 'passed') return
  await callAdmin(project, endpoint, { params: { name } }, options)
}

async function find(project: string, name: string, options: AdminOptions): Promise<Canary | undefined> {
  const { canaries } = await callAdmin(project, endpoints.listCanaries, {}, options)
  return canaries.find((canary) => canary.name === name)
}

function readSteps(text: string): readonly number[] {
  const steps = text.split(',').map(Number)
  const fits = (step: number, i: number) => Number.isInteger(step) && step >= (i === 0 ? 0 : 1) && step <= MAX_SHARE
  if (steps.every(fits)) return steps
  throw new ConfigError(
    `--steps must be whole numbers from 1 to ${MAX_SHARE}, such as ${DEFAULT_STEPS.join(',')}; only the first can be 0`,
  )
}

const numberOf = (text: string | undefined) => (text === undefined ? undefined : Number(text))
