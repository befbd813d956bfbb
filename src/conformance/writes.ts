import { ok } from 'node:assert/strict'
import { replyOf, usualReply } from '../contract/index.ts'
import { assertStatus } from './assertions.ts'
import type { ConformanceRequest, ConformanceResponse } from './client.ts'
import { assertEntries, entryOf, newBatch, newKey } from './entries.ts'
import type { Caller, Session } from './session.ts'
import { NothingToRunOn, otherRequest, type Subject } from './subjects.ts'

/** A request that writes, and that cases repeat: of a conformance function, or of the project's own. */
export interface Write {
  readonly subject: Subject
  readonly sent: ConformanceRequest
  /** Another valid request; throws a NothingToRunOn where there is none. */
  readonly other: () => ConformanceRequest
  /** Expects that it took effect so many times, where that can be counted. */
  readonly assertEffects: (times: number) => Promise<void>
}

/** A write that no case has made, or, of the project's own, the example of its contract. */
export function newWrite(session: Session, kind: 'write' | 'async' = 'write'): Write {
  const subject = session.on(kind)
  if (!subject.isConformance) {
    return { subject, sent: subject.request, other: () => otherRequest(subject), assertEffects: async () => {} }
  }
  const batch = newBatch()
  return {
    ...{ subject, sent: { ...subject.request, json: entryOf(batch, 1) } },
    other: () => ({ ...subject.request, json: entryOf(batch, 2) }),
    assertEffects: (times) => assertEntries(session, batch, times),
  }
}

interface MakeOptions extends Pick<ConformanceRequest, 'headers'> {
  readonly key?: string
}

/** Sends it; default: under a fresh Idempotency-Key. */
export const make = ({ send }: Caller, sent: ConformanceRequest, { key = newKey(), headers }: MakeOptions = {}) =>
  send({ ...sent, headers: { ...sent.headers, 'idempotency-key': key, ...headers } })

const TRANSIENT = [408, 425, 429]

/**
 * Expects the reply of a contract. A project's own function may refuse its example by a failure that it declares, which is an
 * answer as well, unless the next one may be another.
 */
export function assertMade(answer: ConformanceResponse, { contract, isConformance }: Subject): void {
  const { failures = {}, name } = contract
  const { status } = answer
  if (isConformance) assertStatus(answer, usualReply(contract).status)
  if (replyOf(contract, status)) return
  if (status >= 500 || TRANSIENT.includes(status))
    throw new NothingToRunOn(`${name} answers its example with ${status}`)
  ok(
    failures[answer.json<{ error: string }>().error] === status,
    `${name} answers its example with ${status}: ${answer.text.slice(0, 300)}`,
  )
}

/** Where a reply is to be found: the Location of its contract, filled from its body; undefined where it has none. */
export function locationOf({ contract }: Subject, answer: ConformanceResponse): string | undefined {
  const { status, location } = usualReply(contract)
  if (answer.status !== status) return undefined
  const body = answer.json<Readonly<Record<string, unknown>>>()
  return location?.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(body[name])))
}
