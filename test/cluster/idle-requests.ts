import { randomUUID } from 'node:crypto'
import { type Caller, newBatch, writeEntry } from './callers.ts'

/** The nth request of all. */
type Ask = (caller: Caller, n: number) => Promise<Response>

const LINE = `${JSON.stringify({ batch: 'IDLE', quantity: 1 })}\n`
const ownEntry = ({ subject }: Caller) => `${randomUUID()}.${Buffer.from(subject).toString('base64url')}`
const sendTo =
  (path: string, type: string): Ask =>
  ({ call }) =>
    call('POST', path, { text: LINE, headers: { 'content-type': type } })

/** What is asked of each function, by its name; of the list never what a gateway has stored. */
export const REQUESTS: Readonly<Record<string, Ask>> = {
  'conformance-read': (caller) => caller.call('GET', `/v1/conformance/entries/${ownEntry(caller)}`),
  'conformance-look': ({ call }) => call('GET', `/v1/conformance/batches/${newBatch()}`),
  'conformance-list': ({ call }, n) => call('GET', `/v1/conformance/batches?maxPrice=${n}`),
  'conformance-events': ({ call }) => call('GET', '/v1/conformance/events'),
  'conformance-upload': sendTo('/v1/conformance/uploads', 'text/plain'),
  'conformance-ingest': sendTo('/v1/conformance/lines', 'application/x-ndjson'),
  'conformance-write': (caller) => writeEntry(caller, newBatch()),
}
