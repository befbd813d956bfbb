import { describe, expect, it } from '@jest/globals'
import { type EndpointShape, endpoint, event, subscriber } from 'ebb/contract'
import * as z from 'zod'
import type { AnyContract } from '../../src/contract/index.ts'
import { contractChecks } from '../../src/deploy/render/contract-checks.ts'
import { byName } from './fixture.ts'

const Note = z.object({ id: z.string(), text: z.string() })
const made = event({ type: 'note.made', data: Note })
const base = {
  ...{ summary: 'A test.', method: 'POST', path: '/v1/notes', reply: { status: 201, body: Note } },
  ...{ body: Note.pick({ text: true }), access: { scopes: ['notes:write'] }, idempotent: true },
  ...{ failures: { note_taken: 409 }, emits: { 'note.made': made, 'note.unheard': Note } },
  examples: { one: { body: { text: 'ün' } } },
} as const satisfies Omit<EndpointShape, 'name'>
const makeNote = endpoint({ ...base, name: 'make-note' })
const hear = subscriber({ name: 'hear-note', summary: 'A test.', on: made })
const { idempotent: _idempotent, ...repeatable } = base
const { emits: _emits, body: _body, examples: _examples, ...read } = repeatable
const get = { ...read, method: 'GET', reply: { status: 200, body: Note }, failures: {} } as const
const checksOf = (...contracts: readonly AnyContract[]) => contractChecks(byName(...contracts))

describe('the checks of `helm test`', () => {
  it('say of a write what it sends, what may come back, and who gets its events', () => {
    expect(checksOf(makeNote, hear)).toEqual([
      {
        ...{ function: 'make-note', method: 'POST', path: '/v1/notes', target: '/v1/notes', body: '{"text":"ün"}' },
        ...{ writes: true, scopes: ['notes:write'], status: 201, failures: { note_taken: 409 } },
        events: { 'note.made': ['hear-note'] },
      },
    ])
  })

  it('have of a read its example, and no key where anybody may call', () => {
    const path = '/v1/notes/{id}'
    const getNote = endpoint({
      ...{ ...get, name: 'get-note', path, params: Note.pick({ id: true }), access: { anonymous: true } },
      examples: { one: { params: { id: 'a b' } } },
    })
    expect(checksOf(getNote)).toEqual([
      { function: 'get-note', method: 'GET', path, target: '/v1/notes/a%20b', status: 200 },
    ])
  })

  it('have a read without an example where it needs no value', () => {
    const listNotes = endpoint({ ...get, name: 'list-notes', query: z.object({ limit: z.int().default(1) }) })
    const findNotes = endpoint({ ...get, name: 'find-notes', path: '/v1/found', query: z.object({ q: z.string() }) })
    expect(checksOf(listNotes, findNotes).map((check) => check.function)).toEqual(['list-notes'])
  })

  it.each<[string, AnyContract]>([
    ['whose write has no example', endpoint({ ...base, name: 'make-note', examples: {} })],
    ['whose write may happen twice', endpoint({ ...repeatable, name: 'make-note' })],
    ['that changes a thing', endpoint({ ...base, name: 'make-note', method: 'PUT' })],
    ['for whom the policy allows it', endpoint({ ...get, name: 'get-note', access: { policy: true } })],
    ['for its owner only', endpoint({ ...get, name: 'get-note', access: { owner: true } })],
    ['of an event', hear],
  ])('leave out a function %s', (_what, contract) => {
    expect(checksOf(contract)).toEqual([])
  })
})
