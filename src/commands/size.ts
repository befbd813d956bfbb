import { importContracts, readPrices } from '../deploy/import-sources.ts'
import { PLATFORM } from '../deploy/platform-files.ts'
import { readChart } from '../deploy/render/chart.ts'
import { installationOf } from '../deploy/size/installation.ts'
import { type Limit, limitsOf } from '../deploy/size/limits-of.ts'
import { MEASURED } from '../deploy/size/measured.ts'
import { readLoad } from '../deploy/size/read-load.ts'
import { type Sized, sizeOf } from '../deploy/size/size-of.ts'
import { ConfigError } from '../kernel/index.ts'
import { ADMIN_OPTIONS, type AdminOptions, printResult, table } from './admin-client.ts'
import { type Form, form } from './form.ts'
import { assumptionsOf } from './size/assumptions.ts'
import { readRecorded } from './size/recorded.ts'

export const sizeCommand: readonly Form[] = [
  form({
    description:
      'Reckon what so many requests and events a second need: gateways, relays, Postgres, Redis, instances of each endpoint, and money; and which part gives out first. From service times that a bench has measured, or those of recorded calls.',
    options: {
      rps: {
        value: 'N',
        required: true,
        read: readCount('rps', 1e8),
        description: 'Requests a second that come to the gateways.',
      },
      events: {
        value: 'N',
        read: readCount('events', 1e8),
        description: 'Events a second that subscribers get. Default: what these requests emit, by the contracts.',
      },
      mix: {
        value: 'NAME=PERCENT',
        repeated: true,
        read: readShare,
        description:
          'How many of the requests an endpoint gets; together 100. Default: what is recorded, or evenly, by --writes.',
      },
      writes: {
        value: 'PERCENT',
        read: readPercent('writes'),
        description: 'How many of the requests write, where there is no --mix. Default: 10.',
      },
      kept: {
        value: 'PERCENT',
        read: readPercent('kept'),
        description: 'How many requests to endpoints with `cache` gateways answer from what they keep. Default: 0.',
      },
      refused: {
        value: 'PERCENT',
        read: readPercent('refused'),
        description: 'How many requests the gateways refuse, such as beyond a limit. Default: 0.',
      },
      bytes: {
        value: 'N',
        read: readCount('bytes', 1e9),
        description: 'Of a response, for the price of traffic. Default: 1000.',
      },
      utilisation: {
        value: 'PERCENT',
        read: readPercent('utilisation'),
        description: 'How busy a part may be, 10 to 90. Default: 70.',
      },
      recorded: {
        description: "Take shares and times of functions from a running Ebb's calls of the last seven days.",
      },
      ...ADMIN_OPTIONS,
    },
    examples: ['size --rps 2000', 'size --rps 500 --mix place-order=20 --mix list-products=80 --events 100'],
    run: (project, options) => size(project, options),
  }),
]

const DEFAULTS = { writes: 0.1, kept: 0, refused: 0, utilisation: 0.7, bytes: 1_000 }

function readCount(name: string, max: number) {
  return (text: string): number => {
    const count = Number(text)
    if (/^\d+(\.\d+)?$/.test(text) && count <= max && (count > 0 || name !== 'rps')) return count
    throw new ConfigError(`--${name} must be a number ${name === 'rps' ? 'above 0' : 'of at least 0'}, up to ${max}`)
  }
}

function readPercent(name: string) {
  return (text: string): number => {
    const percent = Number(text)
    const [least, most] = name === 'utilisation' ? [10, 90] : [0, 100]
    if (/^\d+(\.\d+)?$/.test(text) && percent >= least && percent <= most) return percent / 100
    throw new ConfigError(`--${name} must be ${least} to ${most} percent, as a number`)
  }
}

/** Reads such as place-order=20. */
function readShare(text: string): readonly [name: string, share: number] {
  const [, name = '', percent] = /^([a-z][a-z0-9-]*)=(\d+(?:\.\d+)?)$/.exec(text) ?? []
  if (percent === undefined || Number(percent) > 100)
    throw new ConfigError('--mix must be the name of an endpoint, =, and its percent, such as place-order=20')
  return [name, Number(percent) / 100]
}

interface SizeCommandOptions extends AdminOptions {
  readonly rps: number
  readonly events: number | undefined
  readonly mix: readonly (readonly [name: string, share: number])[]
  readonly writes: number | undefined
  readonly kept: number | undefined
  readonly refused: number | undefined
  readonly bytes: number | undefined
  readonly utilisation: number | undefined
  readonly recorded: boolean
}

async function size(project: string, { rps, events, mix, recorded, ...options }: SizeCommandOptions): Promise<void> {
  const { writes, kept, refused, utilisation, bytes } = withDefaults(options)
  const sum = mix.reduce((total, [, share]) => total + share, 0)
  if (mix.length > 0 && Math.abs(sum - 1) > 0.005)
    throw new ConfigError(`--mix must be 100 percent together, and not ${Number((sum * 100).toFixed(1))}`)
  if (new Set(mix.map(([name]) => name)).size < mix.length) throw new ConfigError('--mix names an endpoint twice')
  if (options.admin !== undefined && !recorded) throw new ConfigError('--admin is for --recorded; give both')
  const contracts = await importContracts(project)
  const own = recorded ? await readRecorded(project, options) : undefined
  const shares = mix.length > 0 ? new Map(mix) : own?.shares
  const load = readLoad(contracts, { perSecond: rps, events, writes, kept, refused, shares, own: own?.times })
  const prices = await readPrices(project)
  const sizing = {
    ...{ times: MEASURED, installation: installationOf(readChart(PLATFORM)), prices, utilisation },
    bytesPerResponse: bytes,
  }
  const sized = sizeOf(load, sizing)
  const limits = limitsOf(load, sizing)
  const assumptions = assumptionsOf({ ...sizing, load, own, isMixed: mix.length > 0, writes, kept, refused })
  const answer = { rps, currency: prices?.currency ?? null, ...sized, limits, assumptions }
  printResult(answer, () => toLines(answer), options)
}

function withDefaults(given: Readonly<Record<keyof typeof DEFAULTS, number | undefined>>): typeof DEFAULTS {
  const chosen = Object.entries(DEFAULTS).map(([name, value]) => [name, given[name as keyof typeof DEFAULTS] ?? value])
  return Object.fromEntries(chosen)
}

interface Answer extends Sized {
  readonly currency: string | null
  readonly limits: readonly Limit[]
  readonly assumptions: readonly string[]
}

function toLines({ parts, connections, perMonth, currency, limits, assumptions }: Answer): readonly string[] {
  const money = (amount: number | null) => (amount === null ? '-' : amount.toFixed(2))
  const rows = parts.map(({ name, count, max, cpuMilli, memoryMib, cores, perMonth: cost }) => [
    ...[name, max === undefined ? `${count}` : `${count} (max ${max})`, `${cpuMilli}m`, `${memoryMib}Mi`],
    ...[cores.toFixed(2), money(cost)],
  ])
  return [
    ...table([['PART', 'COUNT', 'CPU EACH', 'MEMORY EACH', 'CORES USED', `${currency ?? ''} A MONTH`.trim()], ...rows]),
    '',
    ...(currency === null ? ['Nothing has a price: declare prices in domain/prices.ts.'] : []),
    ...(currency === null ? [] : [`${money(perMonth)} ${currency} a month with requests and traffic`]),
    `${connections} connections to Postgres, if every pool is full`,
    '',
    ...table([
      ['ENDS AT (REQUESTS/S)', 'PART', 'THEN'],
      ...limits.map(({ perSecond, part, next }) => [toFigures(perSecond), part, next]),
    ]),
    '',
    'Taken for granted:',
    ...assumptions.map((sentence) => `- ${sentence}`),
  ]
}

/** Two of its figures say something. */
const toFigures = (value: number) => Math.round(Number(value.toPrecision(2))).toLocaleString('en-US')
