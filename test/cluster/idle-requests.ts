import { randomUUID } from 'node:crypto'
import { type Caller, newBatch, writeEntry } from './callers.ts'

/** The nth request of all. */
type Ask = (caller: Caller, n: number) => Promise<Response>

const LINE = `${JSON.stringify({ batch: 'IDLE', quantity: 1 })}\n`
const ownEntry = ({ subject }: Caller) => `${randomUUID()}.${Buffer.from(subject).toString('base64url')}`

/** One request to each of these functions, and which of them it starts; the list is never asked for what a gateway has stored. */
export const REQUESTS: Readonly<Record<string, { readonly starts: readonly string[]; readonly ask: Ask }>> = {
  read: {
    starts: ['conformance-read'],
    ask: (caller) => caller.call('GET', `/v1/conformance/entries/${ownEntry(caller)}`),
  },
  look: { starts: ['conformance-look'], ask: ({ call }) => call('GET', `/v1/conformance/batches/${newBatch()}`) },
  list: { starts: ['conformance-list'], ask: ({ call }, n) => call('GET', `/v1/conformance/batches?maxPrice=${n}`) },
  events: { starts: ['conformance-events'], ask: ({ call }) => call('GET', '/v1/conformance/events') },
  upload: {
    starts: ['conformance-upload'],
    ask: ({ call }) =>
      call('POST', '/v1/conformance/uploads', { text: LINE, headers: { 'content-type': 'text/plain' } }),
  },
  ingest: {
    starts: ['conformance-ingest'],
    ask: ({ call }) =>
      call('POST', '/v1/conformance/lines', { text: LINE, headers: { 'content-type': 'application/x-ndjson' } }),
  },
  write: { starts: ['conformance-write'], ask: (caller) => writeEntry(caller, newBatch()) },
  call: {
    starts: ['conformance-call', 'conformance-answer'],
    ask: ({ call }) => call('POST', '/v1/conformance/calls', { body: { afterMs: 0, refuse: false } }),
  },
}
