import type pg from 'pg'
import type { KeptAnswer, NewInvocation } from '../kernel/index.ts'
import { toCamelCase } from './camel-case.ts'
import type { LostDelivery, Settlement } from './deliveries.ts'
import { dueInvocationsSql } from './sql/due-invocations.ts'
import { leaseInvocationsSql } from './sql/lease-invocations.ts'
import { returnLostInvocationsSql } from './sql/return-lost-invocations.ts'
import { settleInvocationSql } from './sql/settle-invocation.ts'

/** A request that nobody waits for on its way to its function, ours until the lease ends. */
export interface Invocation extends NewInvocation {
  /** 1 for the first. */
  readonly attempt: number
  /** How many of them do not count, since the platform refused itself. */
  readonly uncounted: number
  readonly leaseToken: string
}

/** What came of an attempt; the whole answer is kept where it is the last one. */
export interface InvocationSettlement extends Settlement {
  readonly answer?: KeptAnswer | undefined
}

/** An invocation whose relay died. */
export interface LostInvocation
  extends Pick<Invocation, 'id' | 'function' | 'attempt' | 'correlationId' | 'traceparent'>,
    Pick<LostDelivery, 'state' | 'durationMs'> {}

/** How long until something is due, for each of these functions that something waits for; as `dueTimes`. */
export async function dueInvocations(
  pool: pg.Pool,
  functions: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await pool.query<{ function: string; due_in_ms: number }>(dueInvocationsSql, [functions])
  return new Map(rows.map((row) => [row.function, row.due_in_ms]))
}

/** Takes at most `most` of what is due for one function; each is ours for `leaseMs`. */
export async function leaseInvocations(
  pool: pg.Pool,
  name: string,
  { most, leaseMs }: { readonly most: number; readonly leaseMs: number },
): Promise<Invocation[]> {
  const { rows } = await pool.query(leaseInvocationsSql, [name, most, leaseMs])
  return rows.map((row) => {
    const { caller, scopes, tenant, ...invocation } = toCamelCase<Leased>(row)
    return { ...invocation, caller: { sub: caller, scopes, ...(tenant === null ? {} : { tenant }) } }
  })
}

interface Leased extends Omit<Invocation, 'caller'> {
  readonly caller: string
  readonly scopes: readonly string[]
  readonly tenant: string | null
}

/** Ends a lease and writes down its attempt, both or neither; false where it was not ours any more. */
export async function settleInvocation(
  pool: pg.Pool,
  { id, leaseToken }: Pick<Invocation, 'id' | 'leaseToken'>,
  { state, retryInMs = 0, durationMs, status, error, body, revision, answer, uncounted = false }: InvocationSettlement,
): Promise<boolean> {
  const attempt = [durationMs, status, error, body, revision]
  const kept = [answer?.status, answer && JSON.stringify(answer.headers), answer?.body && Buffer.from(answer.body)]
  const { rowCount } = await pool.query(settleInvocationSql, [
    ...[id, leaseToken, state, retryInMs, ...attempt, ...kept, uncounted],
  ])
  return rowCount === 1
}

/** Takes back at most `most` leases that ran out: that their relay was lost counts as an attempt. */
export async function returnLostInvocations(
  pool: pg.Pool,
  known: readonly { readonly name: string; readonly attempts: number; readonly leaseMs: number }[],
  { most = 500 } = {},
): Promise<LostInvocation[]> {
  const names = known.map(({ name }) => name)
  const values = [names, known.map(({ attempts }) => attempts), known.map(({ leaseMs }) => leaseMs), most]
  const { rows } = await pool.query(returnLostInvocationsSql, values)
  return rows.map((row) => toCamelCase<LostInvocation>(row))
}
