/** An expression of Prometheus' language, as far as the alerts need it. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | Selector
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'aggregate'; readonly name: string; readonly by: readonly string[]; readonly of: Expression }
  | Binary

export interface Selector {
  readonly kind: 'selector'
  readonly metric: string
  readonly matchers: readonly Matcher[]
  /** Of all that was measured in the last milliseconds, not only the newest. */
  readonly rangeMs?: number
}

export interface Matcher {
  readonly label: string
  readonly fits: (value: string) => boolean
  /** What the label must be, where that is one value. */
  readonly exact?: string
}

export interface Binary {
  readonly kind: 'binary'
  readonly operator: string
  readonly left: Expression
  readonly right: Expression
  /** The labels by which both sides belong together; undefined for all that they have. */
  readonly on?: readonly string[]
  /** Several on the left belong to one on the right. */
  readonly groupLeft?: true
}

const TOKEN = /\s*([a-zA-Z_][\w:]*|\d+(?:\.\d+)?|"[^"]*"|=~|!~|!=|==|>=|<=|[-+*/<>=(){}[\],])/y
const AGGREGATIONS = ['sum', 'min', 'max', 'avg', 'count']
/** From what binds least to what binds most (Prometheus: Binary operator precedence). */
const PRECEDENCE = [['or'], ['and', 'unless'], ['==', '!=', '<=', '<', '>=', '>'], ['+', '-'], ['*', '/']]
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Reads an expression. Throws an Error that names what it does not know: the rules are ours, so that a test finds it. */
export function parsePromql(text: string): Expression {
  const tokens = tokenise(text)
  let at = 0
  const peek = () => tokens[at]
  const next = () => tokens[at++] ?? ''
  const accept = (token: string) => peek() === token && next() === token
  const expect = (token: string) => {
    if (!accept(token)) throw new Error(`expected ${token} instead of ${peek() ?? 'the end'} in: ${text}`)
  }
  const listUntil = <Item>(end: string, item: () => Item): readonly Item[] => {
    const items: Item[] = []
    while (!accept(end)) {
      items.push(item())
      if (peek() !== end) expect(',')
    }
    return items
  }
  const labels = () => {
    expect('(')
    return listUntil(')', next)
  }

  function binary(level: number): Expression {
    const operators = PRECEDENCE[level]
    if (!operators) return unary()
    let left = binary(level + 1)
    while (operators.includes(peek() ?? '')) {
      const operator = next()
      const on = accept('on') ? labels() : undefined
      const groupLeft = accept('group_left') && labels().length === 0
      left = {
        ...{ kind: 'binary', operator, left, right: binary(level + 1) },
        ...(on ? { on } : {}),
        ...(groupLeft ? { groupLeft } : {}),
      }
    }
    return left
  }

  function unary(): Expression {
    if (accept('(')) {
      const inner = binary(0)
      expect(')')
      return inner
    }
    const token = next()
    if (/^\d/.test(token)) return { kind: 'number', value: Number(token) }
    if (!/^[a-zA-Z_]/.test(token)) throw new Error(`${token || 'the end'} is unexpected in: ${text}`)
    if (AGGREGATIONS.includes(token)) {
      const by = accept('by') ? labels() : []
      expect('(')
      const of = binary(0)
      expect(')')
      return { kind: 'aggregate', name: token, by, of }
    }
    if (accept('(')) return { kind: 'call', name: token, args: listUntil(')', () => binary(0)) }
    return selector(token)
  }

  function selector(metric: string): Selector {
    const matchers = accept('{') ? listUntil('}', matcher) : []
    if (!accept('[')) return { kind: 'selector', metric, matchers }
    const [count, unit] = [next(), next()]
    expect(']')
    return { kind: 'selector', metric, matchers, rangeMs: Number(count) * (UNIT_MS[unit] ?? Number.NaN) }
  }
  const matcher = () => toMatcher(next(), next(), next().slice(1, -1))

  const expression = binary(0)
  if (at < tokens.length) throw new Error(`${peek()} is unexpected in: ${text}`)
  return expression
}

function toMatcher(label: string, operator: string, value: string): Matcher {
  if (operator === '=') return { label, exact: value, fits: (given) => given === value }
  if (operator === '!=') return { label, fits: (given) => given !== value }
  const pattern = new RegExp(`^(?:${value})$`)
  return { label, fits: (given) => pattern.test(given) === (operator === '=~') }
}

function tokenise(text: string): readonly string[] {
  const found: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const from = TOKEN.lastIndex
    const token = TOKEN.exec(text)?.[1]
    if (token === undefined) throw new Error(`unexpected at ${text.slice(from, from + 20)}`)
    found.push(token)
  }
  return found
}
