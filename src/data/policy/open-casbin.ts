import type { Assertion } from 'casbin'
import { createBoundedMap } from '../../kernel/bounded-map.ts'
import type { PolicyCaller, PolicyDecision, PolicyQuestion } from '../../kernel/index.ts'
import { conjunctsOf, toCasbin } from './expressions.ts'
import { placeOf } from './policy-files.ts'
import { ANY, type PolicyRule, type PolicyRules } from './policy-rules.ts'

/** Decides by Casbin, which is loaded with the first question. */
export interface CasbinPolicy {
  /** Throws where the question is none, or a rule cannot be read for this object. */
  decide(question: PolicyQuestion): PolicyDecision
  /** Whether an expression is true for a question, and for the fields of a line. Throws where it is none. */
  matches(expression: string, question: PolicyQuestion, values: readonly string[]): boolean
}

/** Loads Casbin, and gives it the model and the roles. */
export async function openCasbin(policy: PolicyRules): Promise<CasbinPolicy> {
  const { newEnforcer, newModelFromString, Util } = await import('casbin')
  const { folder, model, links } = policy
  const casbinModel = newModelFromString(`${model.text}\n[matchers]\nm = true`)
  const [lines, roles, matcher] = ['p', 'g', 'm'].map((key) => casbinModel.model.get(key)?.get(key))
  if (!lines || !roles || !matcher) throw new Error('Casbin does not know its own sections')
  roles.policy = links.map((link) => [...link])
  const enforcer = await newEnforcer(casbinModel)
  await enforcer.buildRoleLinks()
  const manager = enforcer.getRoleManager()
  const hasRole = (caller: CasbinCaller, role: string) =>
    role === ANY || caller.roles.some((own) => own === role || manager.syncedHasLink?.(own, role))
  const oneOf = (value: unknown, ...choices: readonly unknown[]) => choices.flat().includes(value)
  // Any function may be one of an expression, whatever Casbin's own return.
  await enforcer.addFunction('hasRole', hasRole as never)
  await enforcer.addFunction('oneOf', oneOf as never)
  const rule = `!!(${Util.escapeAssertion(toCasbin(model.matcher))})`

  /** Casbin matches every line that it has: it is given those of this question, and nothing happens in between. */
  const enforce = (expression: string, given: Assertion['policy'], { caller, action, attributes }: PolicyQuestion) => {
    matcher.value = expression
    lines.policy = given
    return enforcer.enforceExSync(toCasbinCaller(caller), action, attributes ?? {})
  }
  const candidatesOf = rememberCandidates(policy, hasRole)
  return {
    decide: (question) => {
      checkQuestion(policy, question)
      const { isEmpty, rules, given, reads } = candidatesOf(question)
      const missing = question.attributes && reads.find(({ name }) => question.attributes?.[name] === undefined)
      if (missing) {
        const place = placeOf(folder, 'policy', missing.line)
        throw new Error(`${place} reads ${question.type}.${missing.name}, which this object does not have`)
      }
      if (isEmpty) return { allowed: false, reason: `${folder} has no line about this` }
      if (given.length === 0) return { allowed: false, reason: `no line of ${folder} applies` }
      const [allowed, decisive] = enforce(rule, given, question)
      const line = rules[given.indexOf(decisive)]?.line
      return { allowed, reason: line ? placeOf(folder, 'policy', line) : `no line of ${folder} applies` }
    },
    matches: (expression, question, values) => {
      const eft = model.fields.indexOf('eft')
      const given = values.map((value, i) => (i === eft ? 'allow' : value))
      return enforce(`!!(${Util.escapeAssertion(toCasbin(expression))})`, [given], question)[0]
    },
  }
}

/** A caller as rules see it: what a caller lacks equals nothing that an object has. */
type CasbinCaller = Required<PolicyCaller>

const toCasbinCaller = ({ sub, roles = [], scopes = [], tenant = '', client = '' }: PolicyCaller): CasbinCaller => ({
  ...{ sub, roles, scopes, tenant, client },
})

type Asked = Pick<PolicyQuestion, 'action' | 'type'>

/** Throws for an action that the model does not declare: a misspelt one would be refused for ever, and nobody told why. */
export function checkQuestion({ folder, model: { actions } }: PolicyRules, { action, type }: Asked) {
  const declared = Object.hasOwn(actions, type) ? actions[type] : undefined
  const of = declared ? `action ${action} of ${type}` : `type ${type}`
  if (declared?.includes(action)) return
  const there = (declared ?? Object.keys(actions)).join(', ')
  throw new Error(`${folder}/model.conf declares no ${of}; there are ${there}`)
}

/** The rules about an action of a type. */
export const rulesFor = ({ rules }: PolicyRules, { action, type }: Asked) =>
  rules.filter((rule) => [type, ANY].includes(rule.type) && [action, ANY].includes(rule.action))

interface Candidates {
  /** Whether there is no line about the action at all. */
  readonly isEmpty: boolean
  readonly rules: readonly PolicyRule[]
  /** The same, as Casbin takes them. */
  readonly given: string[][]
  /** The attributes that any line about the action reads, of which an object has to have each: to a condition one that it lacks is undefined, which equals null. */
  readonly reads: readonly { readonly name: string; readonly line: number }[]
}

const MAX_REMEMBERED = 10_000
const BY_ROLE = 'hasRole(r.caller, p.role)'

/**
 * Finds the lines that may apply to a question, once for each action and set of roles: Casbin takes some microseconds for each
 * line, whether it applies or not. Where there is no one thing, those that read its attributes do not apply.
 */
function rememberCandidates(policy: PolicyRules, hasRole: (caller: CasbinCaller, role: string) => boolean | undefined) {
  const { fields, matcher } = policy.model
  // What the matcher says anyway of every line.
  const isByRole = conjunctsOf(matcher).includes(BY_ROLE)
  const known = createBoundedMap<string, Candidates>(MAX_REMEMBERED)
  return (question: PolicyQuestion): Candidates => {
    const { action, type, attributes, caller } = question
    const key = JSON.stringify([action, type, attributes !== undefined, isByRole ? caller.roles : undefined])
    const found = known.get(key)
    if (found) return found
    const all = rulesFor(policy, question)
    const asked = toCasbinCaller(caller)
    const rules = all
      .filter(({ reads }) => attributes || reads.length === 0)
      .filter(({ values }) => !isByRole || hasRole(asked, values[fields.indexOf('role')] ?? ''))
    const reads = all.flatMap(({ line, reads }) => reads.map((name) => ({ name, line })))
    const made = {
      ...{ isEmpty: all.length === 0, rules, given: rules.map((rule) => toLine(rule, policy)) },
      reads: reads.filter(({ name }, i) => reads.findIndex((read) => read.name === name) === i),
    }
    known.set(key, made)
    return made
  }
}

/** A line as Casbin takes it, which puts the condition into the matcher by String.replace. */
const toLine = ({ values }: PolicyRule, { model: { fields } }: PolicyRules) =>
  values.map((value, i) => (fields[i] === 'when' ? toCasbin(value).replaceAll('$', '$$$$') : value))
