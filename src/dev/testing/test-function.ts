import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from '@jest/globals'
import supertest from 'supertest'
import { createApp, type Implementation, openResources, type Uses } from '../../http/index.ts'
import { createLog, generateIdentityKeys, identitySigner, identityVerifier, parseConfig } from '../../kernel/index.ts'
import { testDatabase } from './test-database.ts'

export interface Caller {
  readonly sub: string
  readonly scopes?: readonly string[]
}

type Agent = ReturnType<typeof supertest.agent>

export interface TestFunction {
  /** A supertest agent that calls as the gateway would for this caller. */
  as(caller: Caller): Promise<Agent>
  /** A supertest agent that nobody vouches for. */
  stranger(): Promise<Agent>
  /** Sends an event as the relay would; `from` says who else sends it. */
  deliver(event: { readonly type: string; readonly data: unknown; readonly id?: string }, options?: { readonly from?: Caller }): Promise<supertest.Response>
  readonly databaseUrl: string
  /** Where mail is written. */
  mailFolder(): string
}

/**
 * Runs a function for the tests of this file: over real HTTP, on a database of its own, and with identities as gateway
 * and relay mint them. To be called where tests are declared.
 */
export function testFunction<C extends Implementation['contract'], U extends Uses>(
  fn: Implementation<C, U>,
  { env = {} }: { readonly env?: Readonly<Record<string, string>> } = {},
): TestFunction {
  const { name } = fn.contract
  const database = testDatabase()
  const started = Promise.withResolvers<{ server: Server; sign: Record<'gateway' | 'relay', ReturnType<typeof identitySigner>> }>()
  let folder = ''
  let close = async () => {}

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ebb-test-'))
    const config = parseConfig({ DATABASE_URL: database.url, EBB_MAIL_FOLDER: folder, ...env })
    const log = createLog({ level: 'silent' })
    const { privateKey, jwks } = await generateIdentityKeys()
    // Any handler is called with what its own contract describes; createApp sees to that.
    const implementation = fn as unknown as Implementation
    const resources = openResources(fn.uses, config, log)
    const server = createServer(createApp(implementation, { resources, log, secrets: env, verify: identityVerifier(jwks, name) }))
    server.listen(0, '127.0.0.1')
    const sign = { gateway: identitySigner(privateKey, 'ebb:gateway'), relay: identitySigner(privateKey, 'ebb:relay') }
    started.resolve({ server, sign })
    close = async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await resources.close()
      await rm(folder, { recursive: true, force: true })
    }
  })
  afterAll(() => close())

  const agent = async (issuer: 'gateway' | 'relay', { sub, scopes = [] }: Caller) => {
    const { server, sign } = await started.promise
    return supertest.agent(server).set('Ebb-Identity', await sign[issuer]({ sub, scopes }, name))
  }
  return {
    databaseUrl: database.url,
    mailFolder: () => folder,
    as: (caller) => agent('gateway', caller),
    stranger: async () => supertest.agent((await started.promise).server),
    deliver: async ({ type, data, id = randomUUID() }, { from } = {}) => {
      const sender = await (from ? agent('gateway', from) : agent('relay', { sub: 'relay' }))
      const attributes = { 'ce-specversion': '1.0', 'ce-id': id, 'ce-source': '/test', 'ce-type': type, 'ce-ebbattempt': '1' }
      return sender.post('/').set(attributes).set('content-type', 'application/json').send(JSON.stringify(data))
    },
  }
}
