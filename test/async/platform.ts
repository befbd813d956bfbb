import { afterAll } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { type Implementation, implement } from 'ebb/http'
import { createLog, parseConfig } from 'ebb/kernel'
import { createIdentityVerifier, generateIdentityKeys } from 'ebb/protocol'
import * as z from 'zod'
import { describeEndpoint } from '../../src/contract/index.ts'
import { createApp, openResources } from '../../src/http/index.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { serveApps } from '../support/serve-apps.ts'
import { startServices } from '../support/start-services.ts'

const log = createLog({ level: 'silent' })

const Note = z.object({ text: z.string(), mode: z.enum(['plain', 'refuse', 'break', 'break-once', 'wait']).optional() })
const noteParts = {
  method: 'POST',
  body: Note,
  reply: { status: 201, body: z.object({ text: z.string(), by: z.string(), tone: z.string().optional() }) },
  failures: { too_long: 409 },
  async: true,
} as const

export const takeNote = endpoint({
  ...noteParts,
  ...{ name: 'take-note', summary: 'Take a note.', path: '/v1/notes', access: { scopes: ['notes:write'] } },
  ...{ query: z.object({ copies: z.number().optional() }), headers: z.object({ 'x-tone': z.string().optional() }) },
  timeoutMs: 5_000,
})
const keepNote = endpoint({
  ...noteParts,
  ...{ name: 'keep-note', summary: 'Keep a note.', path: '/v1/kept', access: {}, idempotent: true },
})

/** What the secret of callbacks is in these tests. */
export const CALLBACK_SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`

export const NOTES = 'create table notes (text text not null, by text not null, act text)'

/** Gateway, relay and two real functions over HTTP, on one database. */
export async function startPlatform(
  databaseUrl: string,
  { env = {} }: { readonly env?: Readonly<Record<string, string>> } = {},
) {
  const keys = await generateIdentityKeys()
  const functions = await startFunctions(databaseUrlFor('functions', databaseUrl), keys.jwks)
  const routes = [takeNote, keepNote].map((contract) => describeEndpoint(contract as never))
  const services = await startServices(databaseUrl, { routes, keys, upstreams: functions.url, env })
  return {
    ...services,
    observed: functions.observed,
    keyOf: (subject: string, scopes = ['notes:write']) => services.keyOf(subject, { scopes }),
    close: async () => {
      await services.close()
      await functions.close()
    },
  }
}

export type TestPlatform = Awaited<ReturnType<typeof startPlatform>>

type PublicKeys = Awaited<ReturnType<typeof generateIdentityKeys>>['jwks']

async function startFunctions(databaseUrl: string, jwks: PublicKeys) {
  const observed = { calls: 0, broken: new Set<string>(), gate: Promise.withResolvers<void>() }
  const handle = (contract: typeof takeNote) =>
    implement(contract, { sql: postgres }, async ({ body, headers }, { sql, caller, fail }) => {
      const { text, mode } = body
      observed.calls++
      await sql`insert into notes (text, by, act) values (${text}, ${caller.sub}, ${caller.act ?? null})`
      if (mode === 'refuse') throw fail('too_long', 'That is too long.')
      if (mode === 'break' || (mode === 'break-once' && !observed.broken.has(text))) {
        observed.broken.add(text)
        throw new Error('a secret inside')
      }
      if (mode === 'wait') await observed.gate.promise
      const tone = headers?.['x-tone']
      return { text, by: caller.sub, ...(tone ? { tone } : {}) }
    })
  const closers: (() => unknown)[] = []
  const apps = new Map(
    [takeNote, keepNote].map((contract) => {
      // Both have the parts that the handler looks at.
      const fn = handle(contract as never) as unknown as Implementation
      const resources = openResources(fn.uses, parseConfig({ DATABASE_URL: databaseUrl }), log)
      closers.push(() => resources.close())
      const verify = createIdentityVerifier(jwks, contract.name)
      return [contract.name as string, createApp(fn, { resources, log, verify, revision: 'r1' })]
    }),
  )
  const server = await serveApps(apps)
  closers.push(server.close)
  const close = async () => {
    for (const closeOne of closers.reverse()) await closeOne()
  }
  return { url: server.url, observed, close }
}

/** Closes a platform after the last test of a file; to be called before `testDatabase`, since hooks run in order. */
export function closeAfterAll(platform: () => TestPlatform | undefined) {
  afterAll(() => platform()?.close())
}

export interface InvocationState {
  readonly id: string
  readonly function: string
  readonly state: string
  readonly attempts: number
  readonly createdAt: string
  readonly settledAt?: string
  readonly nextAttemptAt?: string
  readonly result?: { readonly status: number; readonly headers: Record<string, string>; readonly body?: unknown }
  readonly problem?: Readonly<Record<string, unknown>>
  readonly callback?: { readonly state: string; readonly attempts: number; readonly status: number | null }
}

/** What one caller does. */
export function client({ url }: Pick<TestPlatform, 'url'>, token: string) {
  return {
    send: (path: string, body: unknown, headers: Readonly<Record<string, string>> = { prefer: 'respond-async' }) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'x-api-key': token, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    look: (location: string, headers: Readonly<Record<string, string>> = {}) =>
      fetch(url + location, { headers: { 'x-api-key': token, ...headers } }),
    cancel: (location: string) => fetch(url + location, { method: 'DELETE', headers: { 'x-api-key': token } }),
    stateOf: async (location: string) =>
      (await (await fetch(url + location, { headers: { 'x-api-key': token } })).json()) as InvocationState,
  }
}
