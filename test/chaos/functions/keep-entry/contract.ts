import { endpoint } from 'ebb/contract'
import { Entry, entryKept } from '../../domain/entry.ts'

export default endpoint({
  name: 'keep-entry',
  summary: 'Keep an entry, at once or later.',
  method: 'POST',
  path: '/v1/entries',
  body: Entry.pick({ name: true }),
  reply: { status: 201, body: Entry },
  access: {},
  idempotent: true,
  async: true,
  emits: { 'entry.kept': entryKept },
  timeoutMs: 3_000,
})
