import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { applyOperations } from './apply-operations.ts'
import { applyPatch } from './apply-patch.ts'
import { type JsonPatch, jsonPatch } from './json-patch.ts'
import { mergePatch } from './merge-patch.ts'

/** The cases of RFC 6902, appendix A, by their numbers; undefined where the patch is to fail. */
const JSON_PATCH: readonly (readonly [string, unknown, unknown, unknown])[] = [
  ['A.1', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { baz: 'qux', foo: 'bar' }],
  ['A.2', { foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] }],
  ['A.3', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
  ['A.4', { foo: ['bar', 'qux', 'baz'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['bar', 'baz'] }],
  ['A.5', { baz: 'qux', foo: 'bar' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo', foo: 'bar' }],
  [
    'A.6',
    { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
    [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
    { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
  ],
  [
    'A.7',
    { foo: ['all', 'grass', 'cows', 'eat'] },
    [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
    { foo: ['all', 'cows', 'eat', 'grass'] },
  ],
  [
    'A.8',
    { baz: 'qux', foo: ['a', 2, 'c'] },
    [
      { op: 'test', path: '/baz', value: 'qux' },
      { op: 'test', path: '/foo/1', value: 2 },
    ],
    { baz: 'qux', foo: ['a', 2, 'c'] },
  ],
  ['A.9', { baz: 'qux' }, [{ op: 'test', path: '/baz', value: 'bar' }], undefined],
  [
    'A.10',
    { foo: 'bar' },
    [{ op: 'add', path: '/child', value: { grandchild: {} } }],
    { foo: 'bar', child: { grandchild: {} } },
  ],
  ['A.12', { foo: 'bar' }, [{ op: 'add', path: '/baz/bat', value: 'qux' }], undefined],
  ['A.14', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
  ['A.15', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: '10' }], undefined],
  ['A.16', { foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }], { foo: ['bar', ['abc', 'def']] }],
  // Beyond the appendix.
  ['the whole document', { foo: 1 }, [{ op: 'replace', path: '', value: [1] }], [1]],
  ['the document as what is added', { foo: 1 }, [{ op: 'add', path: '', value: null }], null],
  ['a name that is empty', { '': 1 }, [{ op: 'replace', path: '/', value: 2 }], { '': 2 }],
  ['an addition that replaces', { foo: 1 }, [{ op: 'add', path: '/foo', value: 2 }], { foo: 2 }],
  ['a move to itself', { foo: 1 }, [{ op: 'move', from: '/foo', path: '/foo' }], { foo: 1 }],
  ['a move into itself', { foo: {} }, [{ op: 'move', from: '/foo', path: '/foo/bar' }], undefined],
  [
    'a copy, which is its own',
    { a: { b: 1 } },
    [
      { op: 'copy', from: '/a', path: '/c' },
      { op: 'add', path: '/c/b', value: 2 },
    ],
    { a: { b: 1 }, c: { b: 2 } },
  ],
  ['the end of a list, added to by its length', [1], [{ op: 'add', path: '/1', value: 2 }], [1, 2]],
  ['beyond the end of a list', [1], [{ op: 'add', path: '/2', value: 2 }], undefined],
  ['an index with a leading zero', [1, 2], [{ op: 'replace', path: '/01', value: 3 }], undefined],
  ['an index that is a fraction', [1, 2], [{ op: 'remove', path: '/1e0' }], undefined],
  ['the end of a list as what is read', [1], [{ op: 'remove', path: '/-' }], undefined],
  ['the length of a list', [1], [{ op: 'replace', path: '/length', value: 0 }], undefined],
  ['what is not there', {}, [{ op: 'replace', path: '/a', value: 1 }], undefined],
  ['a member of a text', { a: 'text' }, [{ op: 'test', path: '/a/0', value: 't' }], undefined],
  ['what every object inherits', {}, [{ op: 'test', path: '/constructor/name', value: 'Object' }], undefined],
  [
    'members in another order',
    { a: { b: 1, c: 2 } },
    [{ op: 'test', path: '/a', value: { c: 2, b: 1 } }],
    { a: { b: 1, c: 2 } },
  ],
  ['a list that is longer', { a: [1] }, [{ op: 'test', path: '/a', value: [1, 2] }], undefined],
  ['null and nothing', { a: null }, [{ op: 'test', path: '/a', value: null }], { a: null }],
]

describe('a JSON Patch', () => {
  it.each(JSON_PATCH)('%s', (_, document, patch, expected) => {
    const run = () => applyOperations(structuredClone(document), jsonPatch().parse(patch))
    if (expected === undefined) expect(run).toThrow()
    else expect(run()).toEqual(expected)
  })

  it('cannot fill the memory with copies of copies', () => {
    const doubled = [{ op: 'copy', from: '/a', path: '/a/-' }] as const
    const patch: JsonPatch = Array.from({ length: 100 }, () => doubled).flat()
    expect(() => applyOperations({ a: [1, 2, 3] }, patch)).toThrow('Makes more than 50000 values')
  })

  it('cannot nest without end', () => {
    const path = '/a'.repeat(32)
    expect(() => applyOperations({}, [{ op: 'add', path, value: 1 }])).toThrow('Has more than 32 levels')
  })
})

/** RFC 7396, appendix A, as far as documents and patches are objects. */
const MERGE_PATCH: readonly (readonly [unknown, unknown, unknown])[] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  [{ a: 'text' }, { a: { b: 1 } }, { a: { b: 1 } }],
]

describe('a merge patch', () => {
  const Anything = z.record(z.string(), z.unknown())
  it.each(MERGE_PATCH)('%j and %j is %j', (document, patch, expected) => {
    expect(applyPatch(Anything, document as never, patch as object)).toEqual(expected)
  })

  const Order = z.object({
    quantity: z.int().min(1),
    note: z.string().nullable().optional(),
    colour: z.enum(['red', 'blue']).default('red'),
    address: z.object({ street: z.string(), floor: z.int().optional() }).optional(),
    tags: z.array(z.string()),
  })
  const patch = mergePatch(Order)

  it.each([
    {},
    { quantity: 2 },
    { note: null, colour: null, address: null },
    { address: { floor: null } },
    { address: { street: 'a' } },
    { tags: [] },
  ])('%j is one of it, with nothing added', (body) => {
    expect(patch.parse(body)).toEqual(body)
  })

  it.each([{ quantity: null }, { tags: null }, { quantity: 0 }, { address: { street: null } }, { tags: [null] }, []])(
    '%j is none',
    (body) => {
      expect(patch.safeParse(body).success).toBe(false)
    },
  )

  it('leaves what is stored as it was, and has a default again where that is deleted', () => {
    const stored = {
      quantity: 1,
      colour: 'blue',
      tags: ['a'],
      owner: 'ada',
      address: { street: 'a', floor: 1 },
    } as const
    const before = structuredClone(stored)
    const next = applyPatch(Order, { ...stored, tags: [...stored.tags] }, { colour: null, address: { floor: null } })
    expect(next).toEqual({ quantity: 1, colour: 'red', tags: ['a'], address: { street: 'a' } })
    expect(stored).toEqual(before)
  })

  it('refuses what is complete only before', () => {
    expect(() => applyPatch(Order, { quantity: 1, tags: [] }, { address: { floor: 1 } })).toThrow(
      expect.objectContaining({
        code: 'invalid_patch',
        status: 422,
        details: [expect.objectContaining({ path: 'patched.address.street' })],
      }),
    )
  })
})
