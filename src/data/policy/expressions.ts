/** What a rule may read of the caller. */
const CALLER = ['sub', 'roles', 'scopes', 'tenant', 'client']
const REQUEST = ['caller', 'action', 'object']
/** Casbin's own functions, and ours, that an expression may call. */
const FUNCTIONS = [
  ...['hasRole', 'oneOf', 'keyMatch', 'keyGet', 'keyMatch2', 'keyGet2', 'keyMatch3', 'keyMatch4', 'keyMatch5'],
  ...['regexMatch', 'ipMatch', 'globMatch'],
]
const WORDS = ['true', 'false', 'null']
const TEXTS = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g
const NAMES = /(?<![\w$.])[A-Za-z_$][\w$]*(?:\s*\.\s*[\w$]+)*(?:\s*\()?/g

/** The names in an expression, such as `r.object.owner` and `hasRole(`. */
export const namesIn = (expression: string): readonly string[] =>
  (expression.replace(TEXTS, "''").match(NAMES) ?? []).map((name) => name.replaceAll(/\s/g, ''))

/** The attributes of the object that an expression reads. */
export const attributesIn = (expression: string): readonly string[] => [
  ...new Set(namesIn(expression).flatMap((name) => /^r\.object\.(\w+)/.exec(name)?.slice(1) ?? [])),
]

/**
 * What is wrong with the brackets or the names in an expression: Casbin takes one that it does not know for undefined, which a misspelt
 * condition of a `deny` would be fulfilled by never. `fields` are those of the policy's lines that it may read.
 */
export function findFault(expression: string, fields: readonly string[] = []): string | undefined {
  if (!isBalanced(expression)) return `the brackets of "${expression}" do not match`
  for (const name of namesIn(expression)) {
    if (/^in\(?$/.test(name)) return "write oneOf(r.object.state, 'placed', 'paid'): Casbin's `in` binds weaker than &&"
    if (name.endsWith('(')) {
      const called = name.slice(0, -1)
      if (FUNCTIONS.includes(called) || (called === 'eval' && fields.includes('when'))) continue
      return `there is no function ${called}; there are ${FUNCTIONS.join(', ')}`
    }
    const [root = '', part = '', property] = name.split('.')
    if (WORDS.includes(name)) continue
    if (root === 'p' && fields.includes(part)) continue
    if (root !== 'r' || !REQUEST.includes(part))
      return `there is no ${name}; ${fields.length > 0 ? `a field is p.${fields.join(', p.')}, and ` : ''}a request has r.caller, r.action and r.object`
    if (part === 'caller' && property !== undefined && !CALLER.includes(property))
      return `a caller has no ${property}; there are ${CALLER.map((one) => `r.caller.${one}`).join(', ')}`
  }
  return undefined
}

/**
 * An expression as Casbin takes it: it rewrites what looks like ` in ` or like `r.` and `p.` by patterns that see no quotes, and
 * takes a group in brackets for a list where there is an ` in ` anywhere.
 */
export const toCasbin = (expression: string): string =>
  expression.replace(TEXTS, (text) => text.replaceAll(' in ', ' \\in ').replaceAll(/([rp]\d*)\./g, '$1\\.'))

/** The parts of an expression that `&&` joins, outside of brackets and quotes. */
export function conjunctsOf(expression: string): readonly string[] {
  const plain = expression.replace(TEXTS, (text) => ' '.repeat(text.length))
  const ends = [...plain.matchAll(/&&/g)]
    .map(({ index }) => index)
    .filter((index) => depthOf(plain.slice(0, index)) === 0)
  // What `||` joins at this level is one part: && binds stronger.
  if ([...plain.matchAll(/\|\||\?/g)].some(({ index }) => depthOf(plain.slice(0, index)) === 0))
    return [expression.trim()]
  return [...ends, expression.length].map((end, i) =>
    expression.slice(i === 0 ? 0 : (ends[i - 1] ?? 0) + 2, end).trim(),
  )
}

/** Whether each bracket that is closed was open: a condition is put into the matcher as text. */
function isBalanced(expression: string): boolean {
  const plain = expression.replace(TEXTS, '')
  return (
    depthOf(plain) === 0 && [...plain.matchAll(/[)\]]/g)].every(({ index }) => depthOf(plain.slice(0, index + 1)) >= 0)
  )
}

const depthOf = (text: string) => (text.match(/[([]/g)?.length ?? 0) - (text.match(/[)\]]/g)?.length ?? 0)
