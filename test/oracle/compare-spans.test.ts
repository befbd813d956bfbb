import { describe, expect, it } from '@jest/globals'
import type { Span } from '../support/otlp-receiver.ts'
import { compareSpans } from './compare-spans.ts'
import type { Rule } from './rulebook.ts'

const TRACE = 'c0ffee'.padStart(32, '0')

/** A trace as `[id, parent, name, more]`, in the order in which its spans started. */
const traceOf = (...rows: readonly (readonly [string, string, string, Partial<Span>?])[]): readonly Span[] =>
  rows.map(([spanId, parentSpanId, name, more], i) => ({
    ...{ traceId: TRACE, spanId, parentSpanId, name, kind: 'internal', scope: 'test', resource: {}, attributes: {} },
    ...{ links: [], events: [], status: { code: 'unset' }, startTimeUnixNano: BigInt(i), endTimeUnixNano: BigInt(i) },
    ...more,
  }))

const compare = (official: readonly Span[], ours: readonly Span[], rules: readonly Rule[] = []) =>
  compareSpans({ official, ours }, { rules, titleOf: () => 'a request' })

const official = traceOf(
  ['a', 'caller', 'GET /things', { kind: 'server', attributes: { 'server.port': 8080, route: '/things' } }],
  ['b', 'a', 'layer'],
  ['c', 'b', 'select', { kind: 'client', attributes: { 'db.query.text': 'select 1' } }],
  ['d', 'b', 'select', { kind: 'client', attributes: { 'db.query.text': 'select 2' } }],
)
const withoutLayer = traceOf(
  ['1', 'caller', 'GET /things', { kind: 'server', attributes: { 'server.port': 9090, route: '/things' } }],
  ['2', '1', 'select', { kind: 'client', attributes: { 'db.query.text': 'select 1' } }],
  ['3', '1', 'select', { kind: 'client', attributes: { 'db.query.text': 'select 2' } }],
)
const NO_LAYER: Rule = { span: 'layer', only: 'official', why: 'it is not looked at' }

describe('two sides', () => {
  it('are the same but for ids and ports', () => {
    const renumbered = official.map((span) => ({ ...span, attributes: { ...span.attributes } }))
    expect(compare(official, renumbered)).toEqual([])
    expect(compare(official, withoutLayer, [NO_LAYER])).toEqual([])
  })

  it('differ by a span that one of them has, and by what hangs on it', () => {
    expect(compare(official, withoutLayer)).toEqual([
      'a request: GET /things > layer: only official has this internal span',
      'a request: GET /things > layer > select: (parent): official GET /things > layer, ours GET /things',
      'a request: GET /things > layer > select: (parent): official GET /things > layer, ours GET /things',
    ])
    expect(compare(withoutLayer, official)).toContain(
      'a request: GET /things > layer: only ours has this internal span',
    )
  })

  it('differ by attributes, one that is missing and one that has another value', () => {
    const [root, ...rest] = withoutLayer
    const changed = [{ ...root!, attributes: { 'server.port': '9090', route: '/stuff', more: true } }, ...rest]
    expect(compare(official, changed, [NO_LAYER])).toEqual([
      'a request: GET /things: server.port: official "<port>", ours "\\":<port>\\""',
      'a request: GET /things: route: official "/things", ours "/stuff"',
      'a request: GET /things: more: official none, ours true',
    ])
  })

  it('differ by name, by kind, by status, by events and by the caller', () => {
    const [root, first, second] = withoutLayer
    const changed: readonly Span[] = [
      { ...root!, parentSpanId: 'stranger', status: { code: 'error', message: 'no' } },
      { ...first!, name: 'SELECT', events: [{ name: 'exception', attributes: { 'exception.stacktrace': 'long' } }] },
      { ...second!, kind: 'internal' },
    ]
    expect(compare(official, changed, [NO_LAYER])).toEqual([
      "a request: GET /things: (parent): official the caller's caller, ours the caller's stranger",
      'a request: GET /things: (status): official {"code":"unset"}, ours {"code":"error","message":"no"}',
      'a request: GET /things > select: (name): official "select", ours "SELECT"',
      'a request: GET /things > select: (events): official [], ours [{"name":"exception","attributes":{"exception.stacktrace":"<stack>"}}]',
      'a request: GET /things > select: (kind): official "client", ours "internal"',
    ])
  })

  it('differ by the names of statements, and by one that is missing, whatever came between', () => {
    const [root, first, second] = withoutLayer
    const borrow = { ...first!, spanId: '9', name: 'borrow', attributes: {} }
    const renamed = [root!, { ...second!, name: 'SELECT' }]
    expect(compare([root!, borrow, first!, second!], renamed)).toEqual([
      'a request: GET /things > borrow: only official has this client span',
      'a request: GET /things > select: only official has this client span',
      'a request: GET /things > select: (name): official "select", ours "SELECT"',
    ])
  })

  it('differ where one of them has no such trace', () => {
    expect(compare(traceOf(['a', 'caller', 'GET /things']), [])).toEqual([
      'a request: GET /things: only official has this internal span',
    ])
  })
})

describe('a rule', () => {
  const [root, ...rest] = withoutLayer
  const NAMES: Rule = {
    ...{ span: 'GET /things', attribute: '(name)', why: 'decided' },
    as: (name) => name.replace('things', 'stuff'),
  }
  const changed = [{ ...root!, name: 'GET /stuff', attributes: { 'server.port': 1, route: '/stuff' } }, ...rest]

  it('covers what it names and nothing else', () => {
    const rules: readonly Rule[] = [NO_LAYER, { span: 'GET /things', attribute: 'route', why: 'decided' }]
    expect(compare(official, changed, rules)).toEqual([
      'a request: GET /things: (name): official "GET /things", ours "GET /stuff"',
    ])
    const wide: readonly Rule[] = [NO_LAYER, { span: /^GET/, attribute: /^(route|\(name\))$/, why: 'decided' }]
    expect(compare(official, changed, wide)).toEqual([])
  })

  it('on a span of which one side has more leaves the others to be compared', () => {
    const [top, first] = withoutLayer
    const twice = [top!, first!, { ...first!, spanId: '9' }]
    const once = [top!, { ...first!, attributes: { ...first!.attributes, more: true } }]
    expect(compare(twice, once, [{ span: 'select', only: 'official', why: 'sent again' }])).toEqual([
      'a request: GET /things > select: more: official none, ours true',
    ])
  })

  it('of what one side has covers no other difference', () => {
    const rules = [{ span: 'GET /things', attribute: 'route', only: 'ours', why: 'more' }] as const
    const more = { 'server.port': 1, route: '/things' }
    expect(compare([{ ...root!, attributes: { 'server.port': 1 } }], [{ ...root!, attributes: more }], rules)).toEqual(
      [],
    )
    expect(compare([{ ...root!, attributes: more }], [changed[0]!], [...rules, NAMES])).toEqual([
      'a request: GET /stuff: route: official "/things", ours "/stuff"',
      'no use for the rule on GET /things, route: more',
    ])
  })

  it('that says how covers what is so, and nothing else', () => {
    const as = (text: string) => text.replace('things', 'stuff')
    const rules: readonly Rule[] = [NO_LAYER, NAMES, { span: 'GET /things', attribute: 'route', as, why: 'decided' }]
    expect(compare(official, changed, rules)).toEqual([])
    const other = [{ ...changed[0]!, attributes: { 'server.port': 1, route: '/other' } }, ...rest]
    expect(compare(official, other, rules)).toEqual(['a request: GET /stuff: route: official "/stuff", ours "/other"'])
  })

  it('holds no more often than it says', () => {
    const [top, first] = withoutLayer
    const twice = [top!, first!, { ...first!, spanId: '8' }, { ...first!, spanId: '9' }]
    expect(compare(twice, [top!, first!], [{ span: 'select', only: 'official', times: 1, why: 'sent again' }])).toEqual(
      ['a request: GET /things > select: only official has this client span'],
    )
  })

  it('that covers nothing is a difference itself', () => {
    const idle: readonly Rule[] = [
      NO_LAYER,
      { span: 'GET /things', attribute: 'route', why: 'decided' },
      { span: 'layer', only: 'ours', why: 'dreamt' },
    ]
    expect(compare(official, withoutLayer, idle)).toEqual([
      'no use for the rule on GET /things, route: decided',
      'no use for the rule on layer, ours: dreamt',
    ])
  })
})
