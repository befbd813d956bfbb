import { endpoint, event, subscriber } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import * as z from 'zod'
import { describeEndpoint, describeSubscriber } from '../../src/contract/index.ts'

const Note = z.object({ text: z.string() })
const noteKept = event({ type: 'note.kept', data: Note })

export const keepNote = implement(
  endpoint({
    ...{ name: 'keep-note', summary: 'Keep a note.', method: 'POST', path: '/v1/notes', body: Note },
    ...{ reply: { status: 201, body: Note }, access: {}, async: true },
    ...{ emits: { 'note.kept': noteKept }, timeoutMs: 5_000 },
  }),
  { sql: postgres },
  async ({ body }, { sql, emit }) => {
    await sql`insert into notes (text) values (${body.text})`
    await emit('note.kept', body)
    return body
  },
)
export const hearNote = implement(
  subscriber({
    ...{ name: 'hear-note', summary: 'Hear of a note.', on: noteKept, timeoutMs: 5_000 },
    retry: { attempts: 2, minDelayMs: 1, maxDelayMs: 50 },
  }),
  { sql: postgres },
  async ({ data }, { sql }) => void (await sql`insert into heard (text) values (${data.text})`),
)

/** The bundle of their contracts, for gateway and relay. */
export const CONTRACTS = [
  `exports.routes = ${JSON.stringify([describeEndpoint(keepNote.contract)])}`,
  `exports.subscriptions = ${JSON.stringify([describeSubscriber(hearNote.contract)])}`,
  'exports.validate = () => ({ ok: true, input: {} }); exports.validateEvent = () => ({ ok: true })',
].join('\n')
