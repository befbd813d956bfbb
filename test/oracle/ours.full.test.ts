import { writeFile } from 'node:fs/promises'
import { describe, expect } from '@jest/globals'
import { inheritedEnv } from 'ebb/kernel'
import type { Span } from '../support/otlp-receiver.ts'
import { itWithRedis } from '../support/redis.ts'
import { compareSpans } from './compare-spans.ts'
import { bothSides, type Observation } from './observe.ts'
import { printMetrics, printSpans } from './print-spans.ts'
import { EVENT, REQUESTS, SECRET, titleOf } from './requests.ts'
import { RULES } from './rules.ts'

/** A file to write all that both sides report to, to look at it. */
const PRINT_TO = 'EBB_ORACLE_PRINT'

const INSTRUMENTATION = '@opentelemetry/instrumentation-'

const sides = bothSides()

/** Each request was answered and reported, and so was each event: those, both sides report by the same code of Ebb's. */
const isComplete = ({ statuses, exitCodes, spans }: Observation) => {
  expect(statuses).toEqual(REQUESTS.map(({ status }) => status))
  expect(exitCodes).toEqual([0, 0, 0])
  const tracesOf = (own: Span['kind']) => spans.flatMap(({ kind, traceId }) => (kind === own ? [traceId] : [])).sort()
  expect(tracesOf('server')).toEqual(REQUESTS.map(({ traceId }) => traceId))
  expect(tracesOf('producer')).toEqual(REQUESTS.flatMap(({ emits, traceId }) => (emits ? [traceId] : [])))
  expect(tracesOf('consumer')).toEqual(REQUESTS.flatMap(({ title, traceId }) => (title === EVENT ? [traceId] : [])))
}

describe("OpenTelemetry's own instrumentation", () => {
  itWithRedis('sees every part of a function that is built for it, and the same each time', async () => {
    const official = await sides.official()
    isComplete(official)
    // Besides them, Ebb itself has spans for the events that it sends and receives.
    const scopes = new Set(official.spans.map(({ scope }) => scope).filter((scope) => scope.includes(INSTRUMENTATION)))
    const libraries = ['express', 'http', 'ioredis', 'net', 'pg', 'router', 'undici']
    expect([...scopes].sort()).toEqual(libraries.map((library) => INSTRUMENTATION + library))

    const again = await sides.again()
    expect(compareSpans({ official: official.spans, ours: again.spans }, { titleOf })).toEqual([])
  })
})

/** Of whom its spans are. */
const ofNoteThing = ({ spans }: Observation) => spans.find(({ name }) => name === 'POST /')?.resource ?? {}

/** What the stores answer to the handler of make-thing, and how it is reported. */
const REFUSED = [
  ['22P02', 'PostgreSQL error 22P02'],
  ['WRONGTYPE', 'Redis error WRONGTYPE'],
] as const

/** What the official spans have and these do not, by the rules. */
const missedBy = async (select: (spans: readonly Span[]) => readonly Span[]) => {
  const [official, ours] = [await sides.official(), await sides.ours()]
  return compareSpans({ official: official.spans, ours: select(ours.spans) }, { rules: RULES, titleOf })
}

describe('a function as the product builds it', () => {
  itWithRedis('reports what official instrumentation reports, but for what is decided', async () => {
    const [official, ours] = [await sides.official(), await sides.ours()]
    const file = inheritedEnv([PRINT_TO])[PRINT_TO]
    if (file) await writeFile(file, [print(official), print(ours)].join('\n\n'))
    isComplete(ours)
    expect(await missedBy((spans) => spans)).toEqual([])
    expect(ofNoteThing(ours)).toMatchObject(ofNoteThing(official))
    // Nothing that was not asked for, and no trace of its own.
    expect(ours.strays).toEqual([])
  })

  itWithRedis('passes on the spans of its calls, as official instrumentation does', async () => {
    for (const { spans, passedOn } of [await sides.official(), await sides.ours()]) {
      const reached = spans.filter(
        ({ kind, attributes }) => kind === 'client' && 'http.response.status_code' in attributes,
      )
      expect([...passedOn].sort()).toEqual(reached.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`).sort())
    }
  })

  itWithRedis('reports no value that was sent, which official instrumentation does', async () => {
    expect(textOf((await sides.ours()).spans)).not.toContain(SECRET)
    expect(textOf((await sides.official()).spans)).toContain(SECRET)
    for (const [code, message] of REFUSED) {
      const refused = (await sides.ours()).spans.find(({ attributes }) => attributes['error.type'] === code)
      expect(refused).toMatchObject({
        attributes: { 'db.response.status_code': code },
        status: { code: 'error', message },
        events: [{ name: 'exception', attributes: { 'exception.type': code, 'exception.message': message } }],
      })
    }
  })
})

/** What each source alone reports: this fails where one is taken out. */
const SOURCES: Readonly<Record<string, (span: Span) => boolean>> = {
  'of the server': ({ kind }) => kind === 'server',
  'of undici': ({ attributes }) => 'url.full' in attributes,
  'of Postgres': ({ attributes }) => attributes['db.system.name'] === 'postgresql',
  'of Redis': ({ attributes }) => attributes['db.system.name'] === 'redis',
  'of events that are sent': ({ kind }) => kind === 'producer',
  'of events that are processed': ({ kind }) => kind === 'consumer',
}

/** What the conventions require or recommend, and what says where a span belongs. */
const METRICS_TO_FIND = [
  ...[
    'http.request.method',
    'http.response.status_code',
    'http.route',
    'url.path',
    'url.query',
    'url.scheme',
    'url.full',
  ],
  ...['server.address', 'server.port', 'client.address', 'network.peer.address', 'network.peer.port'],
  ...['network.protocol.version', 'user_agent.original', 'error.type'],
  ...['db.system.name', 'db.namespace', 'db.query.text', 'db.operation.name'],
]

describe('the comparison misses', () => {
  for (const [source, isOf] of Object.entries(SOURCES)) {
    itWithRedis(`the spans ${source}`, async () => {
      const without = await missedBy((spans) => spans.filter((span) => !isOf(span)))
      expect(without).toContainEqual(expect.stringContaining(': only official has this '))
    })
  }

  itWithRedis('each attribute of the conventions', async () => {
    const noticed = await Promise.all(
      METRICS_TO_FIND.map(async (name) => [
        name,
        (await missedBy((spans) => spans.map((span) => omit(span, name)))).length > 0,
      ]),
    )
    expect(noticed).toEqual(METRICS_TO_FIND.map((name) => [name, true]))
  })
})

function omit(span: Span, name: string): Span {
  const { [name]: _, ...attributes } = span.attributes
  return { ...span, attributes }
}

const textOf = (spans: readonly Span[]) =>
  JSON.stringify(spans, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))

const print = ({ spans, strays, metrics, passedOn }: Observation) =>
  [printSpans([...spans, ...strays], { titleOf }), printMetrics(metrics), '## passed on', ...passedOn, ''].join('\n\n')
