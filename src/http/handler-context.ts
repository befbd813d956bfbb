import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type * as z from 'zod'
import {
  describeEndpoint,
  emitsOf,
  eventDataSchema,
  hasOverwrite,
  isWhole,
  Problem,
  toOutput,
  versionOf,
} from '../contract/index.ts'
import { type BindContext, type Effect, type OutgoingEvent, rejectLateCall, type Secret } from '../kernel/index.ts'
import { recordSendSpan } from '../telemetry/index.ts'
import type { RequestContext } from './context.ts'
import type { Deadline } from './deadline.ts'
import { createDecisions } from './decisions.ts'
import { createDelegated } from './delegated.ts'
import { type EmitOptions, readEmitOptions } from './emit-options.ts'
import { createFailures } from './failures.ts'
import type { Contract } from './implement.ts'
import { hasScopes } from './middleware/identity.ts'
import { findEventIssues, MAX_EMITTED_BYTES } from './middleware/receive-event.ts'
import { isForeign, isOwner, OWNER_WITHOUT_TENANT, type Owner } from './owner.ts'
import type { Conditions } from './preconditions.ts'
import { createPurgeTools } from './purge-tools.ts'
import { createReply } from './replies/compile-replies.ts'
import type { OpenedPolicy } from './resources.ts'
import { createVersions } from './versions.ts'

const RESOLVED = Promise.resolve()

interface HandlerContextsOptions {
  readonly secrets: Readonly<Record<string, Secret>>
  readonly policy: OpenedPolicy | undefined
  /** Whether what its handler writes is all or nothing. */
  readonly hasTransaction: boolean
}

/** Creates the context of each request of one function, and records what the handler does with it. */
export function createHandlerContexts(contract: Contract, options: HandlerContextsOptions) {
  const { secrets, policy } = options
  const createTools = createPurgeTools(contract, options)
  const route = contract.kind === 'endpoint' ? describeEndpoint(contract) : undefined
  const reply = contract.kind === 'endpoint' && isWhole(contract) ? { reply: createReply(contract) } : {}
  const schemas = new Map<string, z.ZodType>()
  /** Events whose schema transforms its input, so that a second pass could change them again. */
  const transforming = new Set<string>()
  const emits = emitsOf(contract)
  for (const [type, emitted] of Object.entries(emits)) {
    schemas.set(type, toOutput(eventDataSchema(emitted)))
    if (hasOverwrite(eventDataSchema(emitted))) transforming.add(type)
  }
  const { fail } = createFailures(contract)

  return function createHandlerContext(locals: RequestContext, conditions?: Conditions) {
    const { deadline, log, identity, correlation, event: received } = locals
    const hops = received ? received.hops + 1 : 0
    const events: OutgoingEvent[] = []
    const effects: Effect[] = []
    let ownerChecked = false
    let emitError: unknown
    let emittedLength = 0
    let closed = false
    const decisions = createDecisions({
      ...{ log, isRequired: route?.policy ?? false, caller: route && identity },
      decide: policy && ((question) => policy.decide(question, Object.assign(new LazySignal(deadline), correlation))),
    })
    const { may, allows } = decisions
    const { purge, tag, purged, tags } = createTools(log, () => closed)
    const versions = conditions && createVersions(conditions, { readOnly: route?.readOnly ?? false })
    const context = Object.assign(new LazySignal(deadline), {
      ...{ log, correlation, secrets, caller: identity, fail, may, purge, tag },
      ...reply,
      ...(versions ? { etag: versions.etag, requireMatch: versions.requireMatch } : {}),
      emit: (type: string, data: unknown, given: EmitOptions = {}) => {
        if (closed) return rejectLateCall(`${type} is not emitted`, log)
        const schema = schemas.get(type)
        const parsed = schema?.safeParse(data)
        // Kept for check(), so that an emit that was not awaited fails the request, too.
        if (!parsed?.success)
          emitError = new Error(`${type} is not emitted as the contract says`, { cause: parsed?.error })
        else if (transforming.has(type) && !isDeepStrictEqual(schema?.safeParse(parsed.data).data, parsed.data))
          emitError ??= new Error(
            `${type} is not emitted: what its schema makes of these data, it would read otherwise`,
          )
        else {
          const text = JSON.stringify(parsed.data) ?? 'null'
          emittedLength += text.length
          emitError ??=
            emittedLength > MAX_EMITTED_BYTES
              ? new Error(`${type} is not emitted: the events of one request have ${MAX_EMITTED_BYTES} bytes at most`)
              : findEventError(type, { data: parsed.data, subject: given.subject }, text)
        }
        const options = readOptions(type, given)
        if (options instanceof Error) emitError ??= options
        const source = `/functions/${contract.name}`
        const id = randomUUID()
        const traceparent = recordSendSpan({ type, id }) ?? correlation.traceparent
        const origin = { ...correlation, traceparent, callerId: identity.sub, hops }
        const version = emits[type] ? versionOf(emits[type]) : 1
        const what = { id, type, version, source, data: parsed?.data }
        events.push({ ...what, ...origin, ...(options instanceof Error ? {} : options) })
        return RESOLVED
      },
      own: (owner: string | Owner) => {
        ownerChecked = true
        const scopes = route?.scopes ?? []
        const isAllowed = route !== undefined && scopes.length > 0 && hasScopes(identity, route)
        if (!isForeign(identity, owner) && (isAllowed || isOwner(identity, owner, contract))) return
        if (owner === identity.sub) log.warn(OWNER_WITHOUT_TENANT)
        const orScopes = scopes.length > 0 ? `, or for callers with ${scopes.join(' and ')}` : ''
        throw new Problem('forbidden', 403, `This is for its owner${orScopes}.`)
      },
    })
    /** Throws where a reply must not be sent. A route whose handler forgot to ask would let any caller in. */
    const check = () => {
      if (emitError) throw emitError
      if (route?.owner && !ownerChecked)
        throw new Error('the contract says `owner`, and the handler did not call own()')
      decisions.check()
      versions?.check()
    }
    const delegated = createDelegated(contract.name, locals)
    /** What a resource is bound to. */
    const bindContext = (resource: string): BindContext =>
      Object.assign(new LazySignal(deadline), {
        ...{ ...correlation, tenant: identity.tenant, allows },
        ...(delegated ? { delegated } : {}),
        afterCommit: (payload: unknown) => {
          if (closed) return rejectLateCall(`\`${resource}\` does nothing`, log)
          effects.push({ resource, payload })
          return RESOLVED
        },
      })
    const close = () => {
      closed = true
      decisions.close()
    }
    return { context, events, effects, purged, tags, bindContext, check, close, versions }
  }
}

function readOptions(type: string, given: EmitOptions) {
  try {
    return readEmitOptions(type, given)
  } catch (error) {
    return error as Error
  }
}

function findEventError(type: string, ...event: Parameters<typeof findEventIssues>): Error | undefined {
  const [issue] = findEventIssues(...event)
  return issue && new Error(`no subscriber could take this ${type}: ${issue.path}: ${issue.message}`)
}

/** Creates the signal when it is read for the first time: most requests never need it. */
class LazySignal {
  readonly #deadline: Deadline

  constructor(deadline: Deadline) {
    this.#deadline = deadline
  }

  get signal(): AbortSignal {
    return this.#deadline.signal
  }
}
