import type { Assertion } from 'casbin'
import type { PolicyCaller, PolicyDecision, PolicyQuestion } from '../../kernel/index.ts'
import { toCasbin } from './expressions.ts'
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
  const candidatesOf = rememberCandidates(policy)
  return {
    decide: (question) => {
      checkQuestion(policy, question)
      const { rules, given } = candidatesOf(question)
      const missing = findMissing(rules, question)
      if (missing) {
        const place = placeOf(folder, 'policy', missing.line)
        throw new Error(`${place} reads ${missing.name}, which this object does not have`)
      }
      if (given.length === 0) return { allowed: false, reason: `${folder} has no line about this` }
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

/** Finds the rules for a question, once for each action. Where there is no one thing, those that read its attributes do not apply. */
function rememberCandidates(policy: PolicyRules) {
  const known = new Map<string, { readonly rules: readonly PolicyRule[]; readonly given: string[][] }>()
  return (question: PolicyQuestion) => {
    const { action, type, attributes } = question
    const key = `${attributes ? 'one' : 'any'} ${type} ${action}`
    const found = known.get(key)
    if (found) return found
    const rules = rulesFor(policy, question).filter(({ reads }) => attributes || reads.length === 0)
    const made = { rules, given: rules.map((rule) => toLine(rule, policy)) }
    known.set(key, made)
    return made
  }
}

/** A line as Casbin takes it, which puts the condition into the matcher by String.replace. */
const toLine = ({ values }: PolicyRule, { model: { fields } }: PolicyRules) =>
  values.map((value, i) => (fields[i] === 'when' ? toCasbin(value).replaceAll('$', '$$$$') : value))

/** An attribute that a rule reads and the object lacks: to a condition it would be undefined, which equals null. */
function findMissing(rules: readonly PolicyRule[], { type, attributes }: PolicyQuestion) {
  for (const { line, reads } of attributes ? rules : []) {
    const name = reads.find((read) => attributes?.[read] === undefined)
    if (name !== undefined) return { line, name: `${type}.${name}` }
  }
  return undefined
}
