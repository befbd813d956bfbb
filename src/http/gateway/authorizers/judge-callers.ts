import { createHash } from 'node:crypto'
import type { Authorizer, Judgement } from '../../../contract/index.ts'
import { createBoundedMap } from '../../../kernel/index.ts'
import type { JudgementRequest } from '../../../protocol/index.ts'
import type { AskAuthorizer, Authenticated } from '../credentials.ts'
import type { GatewayMetrics } from '../dependencies.ts'

/** Who it is that must not get in is found out again soon: a mistake, or a key that has only just been made. */
const MAX_REFUSED_SECONDS = 5
const MAX_KEPT = 10_000

/** What an authorizer sees of a request; the bytes of a body are encoded only where they are sent. */
export interface Question extends Omit<JudgementRequest, 'body'> {
  readonly bytes?: Uint8Array
}

export interface JudgeCaller {
  (
    authorizer: Authorizer,
    question: Question,
    correlation: Parameters<AskAuthorizer>[2],
  ): Authenticated | undefined | Promise<Authenticated | undefined>
  /** What it would say without asking: a kept answer; undefined where it would have to ask. */
  readonly findKept: (
    authorizer: Authorizer,
    question: Question,
  ) => { readonly authenticated: Authenticated | undefined } | undefined
}

interface Kept {
  /** Undefined where it was a refusal. */
  readonly authenticated: Authenticated | undefined
  readonly until: number
}

/**
 * Says who a caller is by its authorizer, undefined where that refuses it. The answer is kept for requests that agree in all
 * that the authorizer sees, and one call serves all that wait for it; without a TTL, each request is a call.
 */
export function createCallerJudge(
  ask: AskAuthorizer,
  { judged }: Pick<GatewayMetrics, 'judged'>,
  { now = Date.now } = {},
): JudgeCaller {
  const kept = createBoundedMap<string, Kept>(MAX_KEPT)
  const running = new Map<string, Promise<Authenticated | undefined>>()

  async function call(
    authorizer: Authorizer,
    { bytes, ...question }: Question,
    correlation: Parameters<JudgeCaller>[2],
  ) {
    const body = bytes && { body: Buffer.from(bytes).toString('base64') }
    try {
      const { judgement, call } = await ask(authorizer, { ...question, ...body }, correlation)
      const authenticated = judgement.allow ? toAuthenticated(authorizer, judgement) : undefined
      judged({ authorizer: authorizer.name, outcome: judgement.allow ? 'allowed' : 'refused', call })
      return { authenticated, ttlMs: ttlMsOf(authorizer, judgement) }
    } catch (error) {
      judged({ authorizer: authorizer.name, outcome: 'failed' })
      throw error
    }
  }

  function judgeCaller(authorizer: Authorizer, question: Question, correlation: Parameters<AskAuthorizer>[2]) {
    if (authorizer.ttlSeconds === 0)
      return call(authorizer, question, correlation).then(({ authenticated }) => authenticated)
    const key = keyOf(authorizer, question)
    const known = kept.get(key)
    if (known && known.until > now()) {
      judged({ authorizer: authorizer.name, outcome: 'kept' })
      return known.authenticated
    }
    const other = running.get(key)
    if (other) return other
    const askedAt = now()
    const started = call(authorizer, question, correlation)
      .then(({ authenticated, ttlMs }) => {
        kept.set(key, { authenticated, until: askedAt + ttlMs })
        return authenticated
      })
      .finally(() => running.delete(key))
    running.set(key, started)
    return started
  }
  return Object.assign(judgeCaller, {
    findKept: (authorizer: Authorizer, question: Question) => {
      const known = kept.get(keyOf(authorizer, question))
      return known && known.until > now() ? known : undefined
    },
  })
}

/**
 * All that the authorizer sees, and by which contract: two requests with one key are one question. A JSON text has no line
 * break, so that no other parts have the same bytes.
 */
function keyOf({ name, ttlSeconds, subjectPrefix }: Authorizer, { bytes, ...question }: Question): string {
  const hash = createHash('sha256').update(JSON.stringify([name, ttlSeconds, subjectPrefix, question]))
  if (bytes) hash.update('\n').update(bytes)
  return hash.digest('base64')
}

function ttlMsOf({ ttlSeconds }: Authorizer, judgement: Judgement): number {
  const limitSeconds = judgement.allow ? (judgement.ttlSeconds ?? ttlSeconds) : MAX_REFUSED_SECONDS
  return Math.min(ttlSeconds, limitSeconds) * 1_000
}

/** Frozen, since many requests share it: none may change it for the others. */
function toAuthenticated(
  { name, subjectPrefix }: Authorizer,
  { caller: { sub, scopes = [], roles = [], tenant } }: Extract<Judgement, { allow: true }>,
): Authenticated {
  const caller = Object.freeze({
    ...{ sub: subjectPrefix + sub, scopes: Object.freeze([...scopes]) },
    ...(roles.length === 0 ? {} : { roles: Object.freeze([...roles]) }),
    ...(tenant === undefined ? {} : { tenant }),
  })
  return Object.freeze({ caller, credential: Object.freeze({ kind: 'authorizer', id: name } as const) })
}
