import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { type ConformanceRequest, type ConformanceResponse, createClient } from '../../src/conformance/client.ts'
import { patientSend } from '../../src/conformance/patient-send.ts'
import { TEST_PROJECT } from '../support/project.ts'
import { startWall, type Wall, type WallOptions } from './wall.ts'

/** The tests' project behind a real gateway, for the tests of a file. Call it where tests are declared: it declares hooks. */
export function testWall(options: WallOptions = {}): { readonly wall: () => Wall; readonly callers: Callers } {
  let wall: Wall | undefined
  let client: ReturnType<typeof createClient> | undefined
  afterAll(async () => {
    client?.close()
    await wall?.close()
  })
  const database = testDatabase()
  beforeAll(async () => {
    wall = await startWall(TEST_PROJECT, database.url, options)
    client = createClient(wall.url)
  })
  const started = () => {
    if (!wall || !client) throw new Error('it starts before the first test')
    return { wall, client }
  }
  // What a busy machine gives up is asked again.
  const send = (request: ConformanceRequest) => patientSend(started().client.send, [503, 504])(request)
  return {
    wall: () => started().wall,
    callers: {
      stranger: callerOf(send, {}),
      caller: async (scopes = ALL_SCOPES, subject = `somebody-${randomUUID()}`) =>
        callerOf(send, { 'x-api-key': await started().wall.keyOf(subject, scopes) }),
    },
  }
}

const ALL_SCOPES = ['users:read', 'users:write', 'products:write', 'orders:read', 'orders:write']

interface Callers {
  /** Somebody without a key. */
  readonly stranger: WallCaller
  /** Somebody with a key; default: with all scopes of the project. */
  readonly caller: (scopes?: readonly string[], subject?: string) => Promise<WallCaller>
}

type Headers = Readonly<Record<string, string>>

/** Sends requests with one caller's key. */
export interface WallCaller {
  readonly send: (request: ConformanceRequest) => Promise<ConformanceResponse>
  readonly get: (path: string, headers?: Headers) => Promise<ConformanceResponse>
  /** With an Idempotency-Key of its own, unless `headers` have one. */
  readonly post: (path: string, json: unknown, headers?: Headers) => Promise<ConformanceResponse>
}

function callerOf(send: WallCaller['send'], own: Headers): WallCaller {
  const sendAs: WallCaller['send'] = (request) => send({ ...request, headers: { ...own, ...request.headers } })
  return {
    send: sendAs,
    get: (path, headers = {}) => sendAs({ path, headers }),
    post: (path, json, headers = {}) =>
      sendAs({ method: 'POST', path, json, headers: { 'idempotency-key': randomUUID(), ...headers } }),
  }
}

export const newUser = () => ({ email: `${randomUUID()}@example.com`, name: 'Ada' })
export const newOrder = () => ({ sku: 'LAMP-BRASS-01', quantity: 1, email: 'ada@example.com' })

/** The code of a refusal. */
export const codeOf = (answer: ConformanceResponse) => answer.json<{ readonly error?: string }>().error
