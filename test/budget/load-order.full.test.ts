import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { bundleFunction } from '../../src/build/bundle-function.ts'
import { importFunction } from '../../src/deploy/import-sources.ts'
import { TEST_PROJECT } from '../support/project.ts'
import { type Loading, observeLoading } from './observe-loading.ts'

type Order = Omit<Loading, 'status'>

const EXPORTERS = [
  ...['@opentelemetry/exporter-metrics-otlp-http', '@opentelemetry/exporter-metrics-otlp-proto'],
  ...['@opentelemetry/otlp-exporter-base/node-http', '@opentelemetry/otlp-transformer', '@opentelemetry/sdk-metrics'],
]
/** What bare node:http has not loaded. All of it together costs about a millisecond. */
const CHEAP = ['dns', 'module', 'os', 'perf_hooks', 'process', 'timers/promises', 'vm']
const OF_PINO = ['assert', 'worker_threads']

/**
 * What is loaded by the time that a function listens, that its first answer is out, that all that listens for the end of a
 * request has run, and that it has ended: lazy parts, and modules of Node beyond those of bare node:http.
 */
const ORDER: Readonly<Record<string, Order>> = {
  'place-order': {
    parts: { listening: ['main', 'pg'], answered: [], done: ['pino'], ended: EXPORTERS },
    // It fingerprints the request for its idempotency key.
    builtins: { listening: CHEAP, answered: ['crypto'], done: OF_PINO, ended: [] },
  },
  'list-products': {
    parts: { listening: ['main', 'pg'], answered: [], done: ['pino'], ended: EXPORTERS },
    builtins: { listening: CHEAP, answered: [], done: OF_PINO, ended: [] },
  },
  'send-welcome-email': {
    parts: { listening: ['main', 'pg'], answered: ['nodemailer'], done: ['pino'], ended: EXPORTERS },
    builtins: { listening: [...CHEAP, 'fs/promises'].sort(), answered: ['crypto'], done: OF_PINO, ended: [] },
  },
  // The policy is loaded with the first question, and not before.
  'cancel-order': {
    parts: { listening: ['main', 'pg'], answered: ['casbin'], done: ['pino'], ended: EXPORTERS },
    builtins: { listening: CHEAP, answered: [], done: OF_PINO, ended: [] },
  },
}

/** What costs a start several milliseconds, whatever the lists above say. */
const NOT_BEFORE_IT_LISTENS = ['assert', 'crypto', 'https', 'tls', 'worker_threads', 'zlib']
const NOT_BEFORE_THE_ANSWER = ['assert', 'https', 'tls', 'worker_threads', 'zlib']

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-budget-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(Object.entries(ORDER))('%s', (name, order) => {
  let loading: Loading
  beforeAll(async () => {
    const contract = await importFunction(TEST_PROJECT, name)
    loading = await observeLoading(contract, await bundleFunction(TEST_PROJECT, name, folder))
  })

  it('answers well', () => expect([200, 201, 204]).toContain(loading.status))

  it('loads its parts in this order, and no other', () => expect(loading.parts).toEqual(order.parts))

  it("loads these of Node's modules in this order, and no other", () =>
    expect(loading.builtins).toEqual(order.builtins))

  it('does without the dear ones', () => {
    const { listening, answered } = loading.builtins
    expect(listening.filter((module) => NOT_BEFORE_IT_LISTENS.includes(module))).toEqual([])
    expect(answered.filter((module) => NOT_BEFORE_THE_ANSWER.includes(module))).toEqual([])
  })
})
