import { Problem } from '../contract/index.ts'
import {
  type Log,
  type Policy,
  type PolicyCaller,
  type PolicyDecision,
  type PolicyObject,
  type PolicyQuestion,
  rejectLateCall,
} from '../kernel/index.ts'
import { markHandled } from '../kernel/promises.ts'
import { recordDecision } from '../telemetry/index.ts'

/** Asks the policy; undefined where the handler uses none. */
export type Decide = ((question: PolicyQuestion) => Promise<PolicyDecision>) | undefined

interface DecisionsOptions {
  readonly decide: Decide
  /** Undefined in a subscriber: the relay calls it, whose rights say nothing about anybody. */
  readonly caller: PolicyCaller | undefined
  /** Whether the contract says `policy`. */
  readonly isRequired: boolean
  readonly log: Log
}

/** Throws 403 unless the policy allows the caller to do this with the object. */
export type May = (action: string, object: PolicyObject) => Promise<void>

/** What a handler asks the policy during one request, and whether its reply may be sent after that. */
export function createDecisions({ decide, caller, isRequired, log }: DecisionsOptions) {
  let asked = false
  let pending = 0
  let closed = false
  /** Kept for check(), so that a refusal counts where the handler did not await it, or caught it. */
  let refusal: unknown

  async function ask(action: string, object: PolicyObject, as = caller): Promise<boolean> {
    if (closed) return rejectLateCall(`the policy does not decide about ${action}`, log)
    pending++
    try {
      const question = toQuestion(action, object, as)
      if (!decide) throw new Error('there is no policy: add `policy` of ebb/data to what implement() is given')
      const { allowed, reason } = await decide(question)
      asked = true
      const decision = { action, type: question.type, allowed, reason }
      recordDecision(decision)
      log.debug({ policy: decision }, allowed ? 'the policy allows it' : 'the policy refuses it')
      return allowed
    } finally {
      pending--
    }
  }

  async function askOrRefuse(action: string, object: PolicyObject): Promise<void> {
    try {
      if (await ask(action, object)) return
      throw new Problem('forbidden', 403, `You may not ${action} this ${typeOf(object)}.`)
    } catch (error) {
      refusal ??= error
      throw error
    }
  }

  const may: May = (action, object) => markHandled(askOrRefuse(action, object))
  const allows: Policy['allows'] = (action, object, { as } = {}) => markHandled(ask(action, object, as))
  return {
    may,
    allows,
    /** Throws where a reply must not be sent: after a refusal, before a decision, or without one that the contract promises. */
    check: () => {
      if (refusal !== undefined) throw refusal
      if (pending > 0) throw new Error('the handler returned before the policy had decided; await may() and allows()')
      if (isRequired && !asked) throw new Error('the contract says `policy`, and the handler did not ask may()')
    },
    close: () => {
      closed = true
    },
  }
}

/** Throws where the object does not say what it is, or is not there. */
export function toQuestion(action: string, object: PolicyObject, caller: PolicyCaller | undefined): PolicyQuestion {
  if (!caller) throw new Error('no caller waits for a subscriber: say whom the policy decides about, { as: { sub } }')
  const type = typeOf(object)
  if (typeof object === 'string') return { caller, action, type, attributes: undefined }
  const attributes = object[type]
  if (typeof attributes !== 'object' || attributes === null)
    throw new Error(`there is no ${type} to decide about: it is ${attributes}`)
  // An object has properties, of which nothing else is known.
  return { caller, action, type, attributes: attributes as Readonly<Record<string, unknown>> }
}

function typeOf(object: PolicyObject): string {
  const [type, ...more] = typeof object === 'string' ? [object] : Object.keys(Object(object))
  if (type !== undefined && more.length === 0) return type
  throw new Error("name the type of the object, as in may('refund', { order }), or may('list', 'order') without one")
}
