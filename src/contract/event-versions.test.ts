import { describe, expect, it } from '@jest/globals'
import { endpoint, event, subscriber } from 'ebb/contract'
import * as z from 'zod'
import { contractSet, createEventValidator, parseVersionedType, versionedType } from './index.ts'

const type = 'user.created'
const first = event({ type, data: z.object({ name: z.string() }) })
const second = event({
  ...{ type, version: 2, data: z.object({ given: z.string(), family: z.string() }) },
  upcast: {
    from: first,
    data: ({ name }) => ({ given: name.split(' ')[0] ?? '', family: name.split(' ').slice(1).join(' ') }),
  },
})
const third = event({
  ...{ type, version: 4, data: z.object({ names: z.array(z.string()).min(2) }) },
  upcast: { from: second, data: ({ given, family }) => ({ names: [given, family] }) },
})

describe('event() refuses', () => {
  const data = z.object({})
  const upcast = (from: object) => ({ from, data: () => ({}) }) as never
  it.each([
    ['a version that is no number', { type, data, version: 0 }, '`version` must be a whole number of at least 1'],
    ['a fraction', { type, data, version: 1.5 }, '`version` must be a whole number'],
    ['a version in both', { type: 'user.created.v2', data, version: 2 }, 'without ".v" and a number'],
    [
      'an upcast from another event',
      { type: 'user.gone', data, version: 2, upcast: upcast(first) },
      'an older version',
    ],
    ['an upcast from no event', { type, data, version: 2, upcast: upcast({}) }, 'an older version of the same event()'],
    ['an upcast from its own version', { type, data, upcast: upcast(first) }, 'is version 1, and this is version 1'],
    ['an upcast from a newer one', { type, data, version: 3, upcast: upcast(third) }, 'is version 4, and this is 3'],
  ])('%s', (_what, shape, sentence) => {
    const said = sentence.replace('this is 3', 'this is version 3')
    expect(() => event(shape)).toThrow(said)
  })

  it('and takes a type that only looks like a version', () => {
    expect(event({ type: 'user.created.v2', data }).type).toBe('user.created.v2')
  })
})

describe('the data of an older version', () => {
  const read = createEventValidator({ on: third })

  it('become those of the subscriber’s, over each version between', () => {
    expect(read({ name: 'Ada King Lovelace', more: 1 }, 1)).toEqual({
      ok: true,
      data: { names: ['Ada', 'King Lovelace'] },
    })
    expect(read({ given: 'Ada', family: 'Lovelace' }, 2)).toEqual({ ok: true, data: { names: ['Ada', 'Lovelace'] } })
    expect(read({ names: ['Ada', 'Lovelace'] }, 4)).toEqual({ ok: true, data: { names: ['Ada', 'Lovelace'] } })
  })

  it('are checked before and after', () => {
    expect(read({ given: 'Ada' }, 1)).toMatchObject({ ok: false, issues: [{ path: 'data.name' }] })
    const one = event({
      type,
      version: 2,
      data: z.object({ names: z.array(z.string()).min(2) }),
      upcast: { from: first, data: ({ name }) => ({ names: [name] }) },
    })
    expect(createEventValidator({ on: one })({ name: 'Ada' }, 1)).toMatchObject({ issues: [{ path: 'data.names' }] })
  })

  it('of a version that it has no way from are refused', () => {
    const message = 'Of version 3, and version 4 has no `upcast` from that'
    expect(read({}, 3)).toEqual({ ok: false, issues: [{ path: 'type', message }] })
    expect(createEventValidator({ on: first })({}, 2)).toMatchObject({ ok: false, issues: [{ path: 'type' }] })
  })

  it('are refused where the upcast throws, or is async', () => {
    const broken = (data: () => never) => event({ type, version: 2, data: z.object({}), upcast: { from: first, data } })
    const fail = broken(() => {
      throw new RangeError('on purpose')
    })
    const message = 'The `upcast` to version 2 throws a RangeError'
    expect(createEventValidator({ on: fail })({ name: 'Ada' }, 1)).toEqual({
      ok: false,
      issues: [{ path: 'data', message }],
    })
    const wait = broken((async () => ({})) as never)
    expect(createEventValidator({ on: wait })({ name: 'Ada' }, 1)).toMatchObject({
      issues: [{ message: 'The `upcast` to version 2 is async' }],
    })
  })
})

describe('contracts', () => {
  const emit = (emitted: typeof first | typeof second | z.ZodType) =>
    endpoint({
      ...({ name: 'create-user', summary: 'Create.', method: 'POST', path: '/v1/users', access: {} } as const),
      reply: { status: 204 },
      emits: { [type]: emitted },
    })
  const follow = (on: typeof first | typeof second | typeof third) =>
    subscriber({ name: 'follow', summary: 'Follow.', on })
  const load = (emitted: typeof first | typeof second | z.ZodType, on: typeof first | typeof second | typeof third) =>
    contractSet({ 'create-user': emit(emitted), follow: follow(on) }, undefined)

  it.each([
    ['both of version 1', first, first],
    ['a subscriber that is ahead', first, second],
    ['one that is two ahead', z.object({ name: z.string() }), third],
    ['both of version 2', second, second],
  ])('load with %s', (_what, emitted, on) => expect(load(emitted, on).subscriptions).toHaveLength(1))

  it('do not load where a newer version is emitted than a subscriber takes', () => {
    expect(() => load(second, first)).toThrow(
      'functions/create-user/contract.ts: it emits version 2 of user.created, and functions/follow takes version 1: write that for version 2 first, or emit version 1',
    )
  })

  it('do not load where a subscriber has no way from what is emitted', () => {
    const apart = event({ type, version: 2, data: z.object({}) })
    expect(() => load(first, apart as never)).toThrow(
      'functions/follow/contract.ts: it takes version 2 of user.created, and functions/create-user emits version 1: give version 2 an `upcast` from version 1, or have version 2 emitted',
    )
  })

  it('validate what is stored by its version', () => {
    const { validateEvent } = load(first, second)
    expect(validateEvent('follow', { name: 'Ada Lovelace' })).toMatchObject({ data: { family: 'Lovelace' } })
    expect(validateEvent('follow', { given: 'Ada', family: 'Lovelace' }, 2)).toMatchObject({ ok: true })
    expect(validateEvent('follow', { given: 'Ada', family: 'Lovelace' })).toMatchObject({ ok: false })
  })
})

it.each([
  ['user.created', 1],
  ['user.created.v2', 2],
  ['user.created.v12', 12],
  ['user.created.v1', undefined],
  ['user.created.v02', undefined],
  ['user.created.v2.x', undefined],
  ['user.createdv2', undefined],
  ['user', undefined],
])('%s is version %s', (received, version) => {
  expect(parseVersionedType(type, received)).toBe(version)
  if (version) expect(versionedType(type, version)).toBe(received)
})
