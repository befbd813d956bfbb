import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type * as z from 'zod'
import { dataOf, describeEndpoint, overwrites, Problem, toOutput } from '../contract/index.ts'
import { type Effect, type Lending, type OutgoingEvent, refuseLate, spanOfSending } from '../kernel/index.ts'
import type { Deadline } from './deadline.ts'
import { eventFaults } from './event-faults.ts'
import type { Exchange } from './exchange.ts'
import type { Contract } from './implement.ts'
import { hasScopes } from './middleware/authorise.ts'

const DONE = Promise.resolve()

/** Makes the tools of each request of one function, and keeps what the handler does with them. */
export function createToolbox(contract: Contract, { secrets }: { secrets: Readonly<Record<string, string>> }) {
  const route = contract.kind === 'endpoint' ? describeEndpoint(contract) : undefined
  const schemas = new Map<string, z.ZodType>()
  const changing = new Set<string>()
  for (const [type, emitted] of Object.entries(contract.emits ?? {})) {
    schemas.set(type, toOutput(dataOf(emitted)))
    if (overwrites(dataOf(emitted))) changing.add(type)
  }
  const failures: Readonly<Record<string, number>> = contract.failures ?? {}

  return function toolsFor({ deadline, log, identity, correlation, event: taken }: Exchange) {
    const hops = taken ? taken.hops + 1 : 0
    const events: OutgoingEvent[] = []
    const effects: Effect[] = []
    let owned = false
    let broken: unknown
    let closed = false
    const tools = Object.assign(new Signalling(deadline), {
      ...{ log, correlation, secrets, caller: identity },
      emit: (type: string, data: unknown, { subject }: { subject?: string } = {}) => {
        if (closed) return refuseLate(`${type} is not emitted`, log)
        const schema = schemas.get(type)
        const parsed = schema?.safeParse(data)
        // Kept for check(), which an emit that nobody awaited cannot get past.
        if (!parsed?.success)
          broken = new Error(`${type} is not emitted as the contract says`, { cause: parsed?.error })
        else if (changing.has(type) && !isDeepStrictEqual(schema?.safeParse(parsed.data).data, parsed.data))
          broken ??= new Error(`${type} is not emitted: what its schema makes of these data, it would read otherwise`)
        else broken ??= whatNobodyTakes(type, { data: parsed.data, subject })
        const source = `/functions/${contract.name}`
        const id = randomUUID()
        const traceparent = spanOfSending({ type, id }) ?? correlation.traceparent
        const whose = { ...correlation, traceparent, callerId: identity.sub, hops }
        events.push({ id, type, source, data: parsed?.data, ...whose, ...(subject ? { subject } : {}) })
        return DONE
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
    const lending = (resource: string): Lending => ({
      ...{ ...correlation, signal: deadline.signal },
      afterCommit: (payload) => {
        if (closed) return refuseLate(`\`${resource}\` does nothing`, log)
        effects.push({ resource, payload })
        return DONE
      },
    })
    const close = () => {
      closed = true
    }
    return { tools, events, effects, lending, check, close }
  }
}

function whatNobodyTakes(type: string, event: Parameters<typeof eventFaults>[0]): Error | undefined {
  const [fault] = eventFaults(event)
  return fault && new Error(`no subscriber could take this ${type}: ${fault.path}: ${fault.message}`)
}

/** Tools have a signal that is made when a handler asks for it. */
class Signalling {
  readonly #deadline: Deadline

  constructor(deadline: Deadline) {
    this.#deadline = deadline
  }

  get signal(): AbortSignal {
    return this.#deadline.signal
  }
}
