import type { PolicyDecision, PolicyQuestion } from '../../kernel/index.ts'
import { conjunctsOf, namesIn } from './expressions.ts'
import { type CasbinPolicy, openCasbin, rulesFor } from './open-casbin.ts'
import type { PolicyRule, PolicyRules } from './policy-rules.ts'

/** A decision with what each line about its action had to do with it. */
export interface Explanation extends PolicyDecision {
  readonly lines: readonly ExplainedLine[]
}

export interface ExplainedLine {
  readonly line: number
  /** Its fields without those that it leaves out. */
  readonly text: string
  readonly effect: 'allow' | 'deny'
  /** Why it does not apply; undefined where it does. */
  readonly because?: string
}

/** Decides, and says of each line about the action whether it applies, or which part of its condition is false. */
export async function explainDecision(policy: PolicyRules, question: PolicyQuestion): Promise<Explanation> {
  const casbin = await openCasbin(policy)
  const decision = casbin.decide(question)
  const explain = explainLine(policy, casbin, question)
  return { ...decision, lines: rulesFor(policy, question).map(explain) }
}

function explainLine({ model: { fields, matcher } }: PolicyRules, { matches }: CasbinPolicy, question: PolicyQuestion) {
  return ({ line, values, reads }: PolicyRule): ExplainedLine => {
    const field = (name: string) => values[fields.indexOf(name)]
    const effect = field('eft') === 'deny' ? ('deny' as const) : ('allow' as const)
    const when = field('when') ?? 'true'
    const text = ['p', ...values.slice(0, effect === 'deny' ? undefined : lastGiven(values))].join(', ')
    const explained = { line, text, effect }
    if (!question.attributes && reads.length > 0)
      return { ...explained, because: `it is about one ${question.type}: it reads ${reads.join(', ')}` }
    const parts = conjunctsOf(matcher).flatMap((part) => (part === 'eval(p.when)' ? conjunctsOf(when) : part))
    const broken = parts.find((part) => !matches(part.replaceAll('eval(p.when)', `(${when})`), question, values))
    return broken === undefined ? explained : { ...explained, because: describeFalse(broken, question, field) }
  }
}

/** How many of the values a line has to say: a condition that is always true, and `allow`, are the defaults. */
const lastGiven = (values: readonly string[]) =>
  values.findLastIndex((value) => value !== 'true' && value !== 'allow') + 1

function describeFalse(
  expression: string,
  { caller, action, attributes }: PolicyQuestion,
  field: (name: string) => unknown,
) {
  const { sub, roles = [] } = caller
  if (/^hasRole\(\s*r\.caller\s*,\s*p\.role\s*\)$/.test(expression))
    return `it is for the role ${field('role')}, and ${sub} has ${roles.join(' and ') || 'none'}`
  const values: Readonly<Record<string, unknown>> = { r: { caller, action, object: attributes ?? {} } }
  const described = [...new Set(namesIn(expression).filter((name) => /^[rp]\./.test(name)))].map((name) => {
    const [root = '', ...path] = name.split('.')
    const value = root === 'p' ? field(path.join('.')) : path.reduce((of, key) => Object(of)[key], values[root])
    return `${name} is ${value === undefined ? 'not there' : JSON.stringify(value)}`
  })
  return [`${expression} is false`, described.join(', ')].filter((part) => part !== '').join(': ')
}
