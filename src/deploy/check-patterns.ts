import { ContractError, type ContractPattern } from '../contract/index.ts'

/** What one match of a text may cost, in steps: about ten milliseconds. */
const MAX_STEPS = 1_000_000
/** The longest text for a pattern whose cost is unknown. */
const MAX_UNKNOWN_LENGTH = 200
/** For each of the two checkers: a proof takes 50 ms on a machine that is not busy, a trial up to some seconds. */
const LIMIT_MS = 20_000
/** A repeated group, and a part that is repeated often: a proof would take too long, on any machine. */
const isLarge = (source: string) => /\)[*+{]/.test(source) && /\{\d*,?\d{2,}\}/.test(source)

/**
 * Refuses a contract whose pattern could take so long for a text that its gateway serves no other request meanwhile. For
 * tools, where contracts are loaded: it takes some 50 ms a pattern, each once a process. Throws a ContractError.
 */
export async function checkPatterns(patterns: readonly ContractPattern[]): Promise<void> {
  for (const { function: name, path, pattern, maxLength = Infinity } of patterns) {
    const { type, degree, attack } = await costOf(pattern)
    const where = `in ${path}, the pattern ${pattern}`
    if (type === 'exponential') {
      const sentence = `${where} takes time without end for ${attack}; write it so that no two parts can take the same text`
      throw new ContractError(name, sentence)
    }
    const maxAllowed = type === 'unknown' ? MAX_UNKNOWN_LENGTH : Math.floor(MAX_STEPS ** (1 / degree))
    if (degree > 1 && maxLength > maxAllowed) {
      const why =
        type === 'unknown' ? 'cannot be shown to be quick' : `takes time like length to the power of ${degree}`
      throw new ContractError(name, `${where} ${why}; put .max(${maxAllowed}) or less before it, or write it otherwise`)
    }
  }
}

interface Cost {
  readonly type: 'linear' | 'polynomial' | 'exponential' | 'unknown'
  readonly degree: number
  /** A text for which it takes longest, as an expression of JavaScript. */
  readonly attack?: string
}

const known = new Map<string, Cost>()

async function costOf(pattern: RegExp): Promise<Cost> {
  const cost = known.get(String(pattern)) ?? (await measureCost(pattern))
  known.set(String(pattern), cost)
  return cost
}

async function measureCost({ source, flags }: RegExp): Promise<Cost> {
  const { default: recheck } = await import('recheck/lib/browser.js')
  // By proof; by trial where the pattern is too large for one, or is more than a regular expression.
  for (const checker of isLarge(source) ? (['fuzz'] as const) : (['automaton', 'fuzz'] as const)) {
    const found = recheck.checkSync(source, flags, { checker, timeout: LIMIT_MS })
    if (found.status === 'safe') return { type: 'linear', degree: 1 }
    if (found.status !== 'vulnerable') continue
    const { complexity, attack } = found
    const degree = complexity.type === 'polynomial' ? complexity.degree : Infinity
    return { type: complexity.type, degree, attack: attack.pattern }
  }
  return { type: 'unknown', degree: Infinity }
}
