import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { watchPods } from '../cold-start.ts'
import type { Check, Context } from '../context.ts'
import { chartOf } from '../install.ts'
import { sendMixed } from '../mixed-requests.ts'
import { livesOf, type PodLife } from '../pod-lives.ts'
import { type PricedUse, readUse, readUseSince } from '../priced-use.ts'
import { watchKubelet } from '../watch-kubelet.ts'
import { untilZero } from './scale-to-zero.ts'

const [REQUESTS, PER_SECOND] = [10_000, 20]
/** One of ten kinds is for no route. */
const COUNTED = 0.9
/** Of the whole, how far what is priced may be from what the kubelets have run. */
const MAX_DIFFERENCE = 0.001
const CONTAINER = 'function'

/** From zero to zero: the seconds that `ebb cost` prices are those that the kubelets have run, at the size that they reserved. */
export const costsAddUp: Check = {
  name: 'cost: what is priced is what the kubelets have run',
  engines: ['knative', 'keda'],
  run: async (context) => {
    const { kubectl, options } = context
    await untilZero(kubectl)
    const before = await readUse(context)
    const watch = watchPods(options.namespace, 'app.kubernetes.io/component=function')
    const kubelets = watchKubelet(context, CONTAINER)
    let sent = { answered: 0, figures: '' }
    try {
      sent = await sendMixed(context, { requests: REQUESTS, perSecond: PER_SECOND })
      await untilZero(kubectl)
    } finally {
      watch.close()
      await kubelets.close()
    }
    const pods = watch.seen.map(({ pod }) => pod)
    const lives = livesOf(pods, CONTAINER, kubelets.seen)
    const known = await findWithDatabase(context)
    const told = lives.filter(({ name }) => known.has(name))
    const rows = compare(told, await readUseSince(context, before, COUNTED * sent.answered))
    context.tables.push({ title: `What is priced and what was run, for ${REQUESTS} requests`, rows: print(rows) })
    const silent = lives.filter(({ name }) => !known.has(name))
    const unpriced = `${silent.length} pods of functions without a database ran ${sum(silent, ({ seconds }) => seconds).toFixed(1)} s, which nobody prices`
    return judge(rows, `${sent.figures}; ${unpriced}`)
  },
}

/** The functions that tell what they have used: they write it into their database. */
async function findWithDatabase({ project }: Context): Promise<ReadonlySet<string>> {
  const { functions }: { functions: Readonly<Record<string, { readonly uses: readonly string[] }>> } = parse(
    await readFile(join(chartOf({ project }), 'functions.yaml'), 'utf8'),
  )
  return new Set(Object.keys(functions).filter((name) => functions[name]?.uses.includes('postgres')))
}

/** Of a function, or of all: as the kubelets have it, and as it is priced. */
interface Row {
  readonly name: string
  readonly lives: readonly PodLife[]
  readonly priced: PricedUse
}

/** A row a function, and the last one for all. */
function compare(lives: readonly PodLife[], priced: ReadonlyMap<string, PricedUse>): readonly [Row, ...Row[]] {
  const names = [...new Set([...lives.map(({ name }) => name), ...priced.keys()])].sort()
  const add = (name: keyof PricedUse) => sum([...priced.values()], (use) => use[name])
  const all = {
    ...{ instances: add('instances'), seconds: add('seconds'), cpuSeconds: add('cpuSeconds') },
    ...{ cost: add('cost'), requests: add('requests') },
  }
  const rows = names.flatMap((name) => {
    const [own, use] = [lives.filter((life) => life.name === name), priced.get(name)]
    return use ? [{ name, lives: own, priced: use }] : []
  })
  return [{ name: 'all', lives, priced: all }, ...rows]
}

function judge([{ lives, priced }]: readonly [Row, ...Row[]], sent: string): string {
  const [seconds, cost] = [sum(lives, (life) => life.seconds), sum(lives, (life) => life.cost)]
  const cpu = sum(lives, ({ use }) => use.cpuSeconds)
  const percent = (share: number) => `${(100 * share).toFixed(3)} %`
  // Each end is somewhere in a second.
  const unsure = Math.sqrt(lives.length / 12) / seconds
  const [apart, apartInMoney] = [priced.seconds / seconds - 1, priced.cost / cost - 1]
  const figures = [
    sent,
    `${lives.length} pods ran ${seconds.toFixed(1)} s, ${priced.seconds.toFixed(1)} s of ${priced.instances} instances are priced: ${percent(apart)} (of which ±${percent(unsure)} is that ends are whole seconds), in money ${percent(apartInMoney)}`,
    `CPU ${cpu.toFixed(1)} s by cAdvisor, ${priced.cpuSeconds.toFixed(1)} s by the processes`,
  ].join('; ')
  const isRight = Math.abs(apart) <= MAX_DIFFERENCE && Math.abs(apartInMoney) <= MAX_DIFFERENCE
  if (!isRight || priced.instances !== lives.length) throw new Error(figures)
  return figures
}

const print = (rows: readonly Row[]) => [
  [
    'FUNCTION',
    'REQUESTS',
    'PODS',
    'RAN (S)',
    'PRICED (S)',
    'CPU BY CADVISOR (S)',
    'CPU BY ITSELF (S)',
    'MEMORY, AT MOST (MIB)',
  ],
  ...rows.map(({ name, lives, priced }) => [
    ...[name, String(priced.requests), String(lives.length)],
    ...[sum(lives, (life) => life.seconds), priced.seconds].map((seconds) => seconds.toFixed(1)),
    ...[sum(lives, ({ use }) => use.cpuSeconds), priced.cpuSeconds].map((seconds) => seconds.toFixed(2)),
    Math.max(0, ...lives.map(({ use }) => use.memoryBytes / 2 ** 20)).toFixed(0),
  ]),
]

const sum = <Item>(items: readonly Item[], of: (item: Item) => number) => items.reduce((all, item) => all + of(item), 0)
