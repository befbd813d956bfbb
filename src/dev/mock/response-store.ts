import type { Invocations } from '../../http/gateway/index.ts'
import { type Claim, type ClaimResult, createBoundedMap, type StoredResponse } from '../../kernel/index.ts'
import { callerIdOf, type InvocationState, type NewInvocation } from '../../protocol/index.ts'
import type { MockResponder } from './mock-responder.ts'

const MAX_STORED = 1_000

/** The responses that the mock server has given under idempotency keys. */
export interface ResponseStore {
  find(claim: Claim): ClaimResult
  store(claim: Claim, answer: StoredResponse): void
}

/** Stores the response to each Idempotency-Key in memory, for the latest 1000 keys. */
export function createResponseStore(): ResponseStore {
  const kept = createBoundedMap<string, { readonly fingerprint: Uint8Array; readonly answer: StoredResponse }>(
    MAX_STORED,
  )
  return {
    find: (claim) => {
      const known = kept.get(storeKey(claim))
      if (!known) return { status: 'new' }
      const same = Buffer.compare(known.fingerprint, claim.fingerprint) === 0
      return same ? { status: 'finished', response: known.answer } : { status: 'mismatch' }
    },
    store: (claim, answer) => {
      kept.set(storeKey(claim), { fingerprint: claim.fingerprint, answer })
    },
  }
}

const storeKey = ({ caller, route, key }: Claim) => JSON.stringify([caller, route, key])

const MAX_INVOCATIONS = 1_000
/** Longer than a mock runs. */
const KEEP_SECONDS = 31_536_000

/** The asynchronous calls of a mock: each is made at once, and the states of the latest 1000 are kept. */
export function createMockInvocations(
  responders: ReadonlyMap<string, MockResponder>,
  stored: ResponseStore,
): Invocations {
  const states = createBoundedMap<string, { readonly caller: string; readonly state: InvocationState }>(MAX_INVOCATIONS)
  return {
    accept: async (invocation, { claim, response }) => {
      const claimed = claim ? stored.find(claim) : ({ status: 'new' } as const)
      if (claimed.status !== 'new') return claimed
      if (claim) stored.store(claim, response)
      states.set(invocation.id, { caller: callerIdOf(invocation.caller), state: invoke(invocation, responders) })
      return claimed
    },
    find: async (id, caller) => {
      const found = states.get(id)
      return found?.caller === callerIdOf(caller) ? found.state : undefined
    },
    list: async (caller, { state, before, limit }) => {
      const own = Array.from(states, ([, one]) => one).filter((one) => one.caller === callerIdOf(caller))
      own.reverse()
      const from = own.findIndex((one) => one.state.id === before?.id) + 1
      const page = own.slice(from).map((one) => one.state)
      return page.filter((one) => state === undefined || one.state === state).slice(0, limit)
    },
    // All of them have ended.
    cancel: async () => {},
    watch: () => ({ changed: async () => {}, close: () => {} }),
    keepSeconds: KEEP_SECONDS,
  }
}

function invoke(invocation: NewInvocation, responders: ReadonlyMap<string, MockResponder>): InvocationState {
  const response = responders.get(invocation.function)?.(invocation)
  const now = new Date().toISOString()
  return {
    ...{ id: invocation.id, function: invocation.function, correlationId: invocation.correlationId },
    response: response && { ...response, body: Buffer.from(response.body) },
    ...{ state: response && response.status < 400 ? 'done' : 'dead', attempts: 1, createdAt: now, settledAt: now },
    ...{ availableAt: now, dueInMs: 0, callback: undefined },
  }
}
