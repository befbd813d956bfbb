import { EventEmitter } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import type { Cache, Http, Mail, Sql } from 'ebb/data'
import * as z from 'zod'

/** The input of a handler: which slip to make, and which URL to fetch before it returns. */
export const Slip = z.object({ way: z.string(), gate: z.string() })
export type Slip = z.infer<typeof Slip>

interface Tools {
  readonly sql: Sql
  readonly http: Http
  readonly cache?: Cache
  readonly mail?: Mail
  readonly emit?: (type: 'slip.made', data: { readonly way: string }) => Promise<void>
}

/** Rejects when the handler has returned. */
async function after(gate: string): Promise<never> {
  await fetch(gate)
  throw new Error('nothing handles this')
}
const broken = { ttlSeconds: 1, load: () => Promise.reject(new Error('no value')) }
const NOWHERE = 'http://127.0.0.1:1/'
const letter = { messageId: 'x@example.com', from: 'a@example.com', to: 'b@example.com', subject: 'Late', text: '' }

const WAYS: Readonly<Record<string, (tools: Tools, gate: string) => unknown>> = {
  'keeps to the rules': () => {},
  'awaits a statement late': async ({ sql }) => {
    const late = sql`select 1 / 0`
    await turn()
    await sql`select 1`.catch(() => {})
    await late.catch(() => {})
  },
  'awaits a statement never': async ({ sql }) => {
    void sql`select 1 / 0`
    await sql`select 1`.catch(() => {})
  },
  'runs a statement after its end': ({ sql }, gate) => void fetch(gate).then(() => void sql`select 1 / 0`),
  'awaits a snapshot never': async ({ sql }) => {
    void sql.snapshot(() => Promise.reject(new Error('no read')))
    await sql`select 1`
  },
  'awaits a call late': async ({ http }) => {
    const late = http.get(NOWHERE, { retries: 0 })
    await turn()
    await http.get(NOWHERE, { retries: 0 }).catch(() => {})
    await late.catch(() => {})
  },
  'awaits a call never': ({ http }, gate) => void http.get(gate),
  'awaits what it made of a call never': ({ http }, gate) => void http.get(gate).then(() => {}),
  'awaits the cache never': ({ cache }) => void cache?.get('key', broken),
  'emits what the contract does not say': ({ emit }) => void emit?.('slip.made', { way: 7 as never }),
  'emits after its end': ({ emit }, gate) => void fetch(gate).then(() => void emit?.('slip.made', { way: '' })),
  'sends mail after its end': ({ mail }, gate) => void fetch(gate).then(() => void mail?.send(letter)),
  'throws in a timer': () => void setTimeout(() => slipError('timer')),
  'throws in a next tick': () => process.nextTick(() => slipError('tick')),
  'has a stream break that nothing listens to': () =>
    void setImmediate(() => emitter.emit('error', new Error('stream'))),
  'ends the process': () => process.exit(3),
  'ends the process in a timer': () => void setTimeout(() => process.exit(3)),
  'rejects after its end': (_tools, gate) => void after(gate),
  'awaits a promise of its own late': async () => {
    const late = Promise.reject(new Error('awaited'))
    await turn()
    await late.catch(() => {})
  },
  'awaits a promise of its own never': () => void Promise.reject(new Error('nothing handles this')),
  'throws a text': () => slipError('a text'),
  'throws nothing': () => slipError(undefined),
  'rejects with an object': (_tools, gate) => void fetch(gate).then(() => slipError({ quota: 7 })),
}
const emitter = new EventEmitter()

function slipError(value: unknown): never {
  throw value === 'a text' || typeof value !== 'string' ? value : new Error(`a ${value} threw`)
}

/** Makes a slip, or waits at the gate for as long as that is shut. */
export async function slip({ way, gate }: Slip, tools: Tools): Promise<{ way: string }> {
  if (way === 'wait') await tools.http.get(gate, { timeoutMs: 60_000 })
  else await WAYS[way]?.(tools, gate)
  return { way }
}
