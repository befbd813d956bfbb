import { writeFile } from 'node:fs/promises'
import { beforeAll, describe, expect } from '@jest/globals'
import { inherited } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { itWithRedis, testRedis } from '../support/redis.ts'
import { buildOfficial } from './build-official.ts'
import { compareSpans } from './compare-spans.ts'
import { type Observed, observe } from './observe.ts'
import { printMetrics, printSpans } from './print-spans.ts'
import { CALLER_SPAN, REQUESTS, titleOf } from './requests.ts'
import { THINGS } from './thing.ts'

/** A file to write all that official instrumentation tells to, for whoever wants to see it. */
const PRINT_TO = 'EBB_ORACLE_PRINT'

const INSTRUMENTATION = '@opentelemetry/instrumentation-'

const databases = [testDatabase(), testDatabase()] as const

beforeAll(async () => {
  for (const { url } of databases) {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(THINGS).finally(() => client.end())
  }
})

describe("OpenTelemetry's own instrumentation", () => {
  itWithRedis(
    'sees every part of a function that is built for it, and the same each time',
    async () => {
      const redis = await testRedis()
      await redis.start()
      const [database, another] = databases
      const seen = await observe({ how: 'official' }, { databaseUrl: database.url, redisUrl: redis.url })
      const file = inherited([PRINT_TO])[PRINT_TO]
      if (file) await writeFile(file, print(seen))

      expect(seen.statuses).toEqual(REQUESTS.map(({ status }) => status))
      expect(seen.exitCodes).toEqual([0, 0, 0])
      const servers = seen.spans.filter(({ kind }) => kind === 'server')
      expect(servers.map(({ traceId, parentSpanId }) => `${traceId} ${parentSpanId}`).sort()).toEqual(
        REQUESTS.map(({ traceId }) => `${traceId} ${CALLER_SPAN}`),
      )
      // Besides them, Ebb itself tells of the events that it sends and takes in.
      const scopes = new Set(seen.spans.map(({ scope }) => scope).filter((scope) => scope.startsWith(INSTRUMENTATION)))
      const libraries = ['express', 'http', 'ioredis', 'net', 'pg', 'router', 'undici']
      expect([...scopes].sort()).toEqual(libraries.map((library) => INSTRUMENTATION + library))

      const again = await observe(
        { how: 'ours', build: buildOfficial },
        { databaseUrl: another.url, redisUrl: redis.url },
      )
      expect(compareSpans({ official: seen.spans, ours: again.spans }, { titleOf })).toEqual([])
    },
    60_000,
  )
})

const print = ({ spans, strays, metrics, passedOn }: Observed) =>
  [printSpans([...spans, ...strays], { titleOf }), printMetrics(metrics), '## passed on', ...passedOn, ''].join('\n\n')
