import fc from 'fast-check'

/** One request, by whom and to which of the gateways; or a purge. */
export type Move =
  | { readonly kind: 'read'; readonly caller: number; readonly gateway: number; readonly read: Read }
  | { readonly kind: 'write'; readonly caller: number; readonly gateway: number; readonly id: number }
  | { readonly kind: 'purge'; readonly by: 'tag' | 'route' | 'url'; readonly route: number; readonly id: number }

export interface Read {
  readonly route: number
  readonly id: number
  readonly method: 'GET' | 'HEAD'
  readonly query: string
  readonly language: string | undefined
  readonly headers: Readonly<Record<string, string>>
  /** Whether it asks with the entity tag that it, or anybody else, was given last. */
  readonly revalidates: 'no' | 'own' | 'any'
}

export const LANGUAGES = [undefined, 'de', 'fr', 'de, fr;q=0.5']
/** Few, so that callers meet. */
export const IDS = 3

const headers = fc.constantFrom<Read['headers']>(
  ...[{}, {}, {}, {}],
  ...[{ 'cache-control': 'no-cache' }, { 'cache-control': 'max-age=0' }, { 'cache-control': 'no-store' }],
  ...[{ range: 'bytes=0-9' }, { range: 'bytes=-4' }, { cookie: 'session=eve' }, { 'accept-encoding': 'gzip' }],
  // Of which none says who calls.
  ...[{ 'x-forwarded-for': '10.0.0.1' }, { 'ebb-identity': 'eve' }, { host: 'other.example' }],
)

const read = (routes: number): fc.Arbitrary<Read> =>
  fc.record({
    route: fc.nat(routes - 1),
    id: fc.nat(IDS - 1),
    method: fc.constantFrom<Read['method'][]>('GET', 'GET', 'GET', 'GET', 'GET', 'HEAD'),
    query: fc.constantFrom(...Array<string>(10).fill(''), '?a=1', '?a=2', '?a=1&a=2', '?', '?a=%31'),
    language: fc.constantFrom(...LANGUAGES),
    headers,
    revalidates: fc.constantFrom<Read['revalidates'][]>('no', 'no', 'no', 'own', 'any'),
  })

/** Any move of so many callers over so many routes and gateways; mostly reads. */
export function anyMove({
  callers,
  gateways,
  routes,
}: Readonly<Record<'callers' | 'gateways' | 'routes', number>>): fc.Arbitrary<Move> {
  const by = { caller: fc.nat(callers - 1), gateway: fc.nat(gateways - 1) }
  const purge = {
    by: fc.constantFrom('tag' as const, 'route' as const, 'url' as const),
    route: fc.nat(routes - 1),
    id: fc.nat(IDS - 1),
  }
  return fc.oneof(
    { weight: 98, arbitrary: fc.record({ kind: fc.constant('read' as const), ...by, read: read(routes) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('write' as const), ...by, id: fc.nat(IDS - 1) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('purge' as const), ...purge }) },
  )
}
