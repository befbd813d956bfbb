import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type * as z from 'zod'
import { describeEndpoint, eventDataSchema, hasOverwrite, Problem, toOutput } from '../contract/index.ts'
import { type BindContext, type Effect, type OutgoingEvent, rejectLateCall } from '../kernel/index.ts'
import { recordSendSpan } from '../telemetry/index.ts'
import type { Deadline, RequestContext } from './context.ts'
import type { Contract } from './implement.ts'
import { hasScopes } from './middleware/identity.ts'
import { findEventIssues } from './middleware/receive-event.ts'

const RESOLVED = Promise.resolve()

/** Makes the tools of each request of one function, and keeps what the handler does with them. */
export function createHandlerContexts(contract: Contract, { secrets }: { secrets: Readonly<Record<string, string>> }) {
  const route = contract.kind === 'endpoint' ? describeEndpoint(contract) : undefined
  const schemas = new Map<string, z.ZodType>()
  const changing = new Set<string>()
  for (const [type, emitted] of Object.entries(contract.emits ?? {})) {
    schemas.set(type, toOutput(eventDataSchema(emitted)))
    if (hasOverwrite(eventDataSchema(emitted))) changing.add(type)
  }
  const failures: Readonly<Record<string, number>> = contract.failures ?? {}

  return function toolsFor({ deadline, log, identity, correlation, event: taken }: RequestContext) {
    const hops = taken ? taken.hops + 1 : 0
    const events: OutgoingEvent[] = []
    const effects: Effect[] = []
    let owned = false
    let broken: unknown
    let closed = false
    const tools = Object.assign(new LazySignal(deadline), {
      ...{ log, correlation, secrets, caller: identity },
      emit: (type: string, data: unknown, { subject }: { subject?: string } = {}) => {
        if (closed) return rejectLateCall(`${type} is not emitted`, log)
        const schema = schemas.get(type)
        const parsed = schema?.safeParse(data)
        // Kept for check(), which an emit that nobody awaited cannot get past.
        if (!parsed?.success)
          broken = new Error(`${type} is not emitted as the contract says`, { cause: parsed?.error })
        else if (changing.has(type) && !isDeepStrictEqual(schema?.safeParse(parsed.data).data, parsed.data))
          broken ??= new Error(`${type} is not emitted: what its schema makes of these data, it would read otherwise`)
        else broken ??= findEventError(type, { data: parsed.data, subject })
        const source = `/functions/${contract.name}`
        const id = randomUUID()
        const traceparent = recordSendSpan({ type, id }) ?? correlation.traceparent
        const whose = { ...correlation, traceparent, callerId: identity.sub, hops }
        events.push({ id, type, source, data: parsed?.data, ...whose, ...(subject ? { subject } : {}) })
        return RESOLVED
      },
      fail: (code: string, message: string) => {
        throw new Problem(code, failures[code] ?? 500, message)
      },
      own: (subject: string) => {
        owned = true
        const scopes = route?.scopes ?? []
        if (subject === identity.sub || (route && scopes.length > 0 && hasScopes(identity, route))) return
        const others = scopes.length > 0 ? `, or for callers with ${scopes.join(' and ')}` : ''
        throw new Problem('forbidden', 403, `This is for its owner${others}.`)
      },
    })
    /** What must hold before a reply counts. An owner's route whose handler asked nobody would let everybody in. */
    const check = () => {
      if (broken) throw broken
      if (route?.owner && !owned) throw new Error('the contract says `owner`, and the handler did not call own()')
    }
    /** What a resource gets of this request. */
    const lending = (resource: string): BindContext => ({
      ...{ ...correlation, signal: deadline.signal },
      afterCommit: (payload) => {
        if (closed) return rejectLateCall(`\`${resource}\` does nothing`, log)
        effects.push({ resource, payload })
        return RESOLVED
      },
    })
    const close = () => {
      closed = true
    }
    return { tools, events, effects, lending, check, close }
  }
}

function findEventError(type: string, event: Parameters<typeof findEventIssues>[0]): Error | undefined {
  const [fault] = findEventIssues(event)
  return fault && new Error(`no subscriber could take this ${type}: ${fault.path}: ${fault.message}`)
}

/** Tools have a signal that is made when a handler asks for it. */
class LazySignal {
  readonly #deadline: Deadline

  constructor(deadline: Deadline) {
    this.#deadline = deadline
  }

  get signal(): AbortSignal {
    return this.#deadline.signal
  }
}
