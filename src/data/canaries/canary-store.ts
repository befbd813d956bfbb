import type pg from 'pg'
import type { CanaryCounts } from '../../protocol/canary/counts.ts'
import { decideNext } from '../../protocol/canary/decide-next.ts'
import { type Judgement, newJudgement, takeCounts } from '../../protocol/canary/judge-canary.ts'
import { addShadowCounts, noShadowCounts, type ShadowCounts } from '../../protocol/canary/shadow-counts.ts'
import { appendAudit } from '../audit.ts'
import { inTransaction } from '../postgres/pool.ts'

/** Notified when a canary begins, goes on to another share, or ends. */
export const CANARIES_CHANNEL = 'ebb_canaries'
/** The actor of what no person has decided. */
export const JUDGE = 'judge'

export type CanaryState = 'running' | 'passed' | 'aborted' | 'promoted'

/** A canary, as gateways and relays follow it. */
export interface FollowedCanary {
  readonly name: string
  /** Of the callers, in percent; 0 where reads are copied to it before it has any. */
  readonly share: number
  readonly byHeader: boolean
  /** The paths of replies that it may answer otherwise. */
  readonly mayDiffer: readonly string[]
}

/** All that is known of one. Times are RFC 3339. */
export interface CanaryRecord extends FollowedCanary {
  readonly image: string
  readonly state: CanaryState
  readonly why: string
  readonly steps: readonly number[]
  readonly step: number
  readonly requests: number
  readonly seconds: number
  readonly judgement: Judgement
  /** Null where no reads were to be copied to it. */
  readonly shadow: ShadowCounts | null
  readonly startedBy: string
  readonly startedAt: string
  readonly endedAt: string | null
  /** Of this step. */
  readonly stepSeconds: number
  readonly stepRequests: number
}

export interface NewCanary
  extends Pick<CanaryRecord, 'name' | 'image' | 'steps' | 'requests' | 'seconds' | 'byHeader'>,
    Partial<Pick<CanaryRecord, 'mayDiffer'>> {}

const rfc3339 = (time: string): string => `to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
const SHARE = `case when state in ('running', 'passed') then steps[step + 1] else 0 end`
const COLUMNS = `name, image, state, why, steps, step, requests, seconds, judgement, by_header as "byHeader", may_differ as "mayDiffer", shadow,
  ${SHARE} as share,
  started_by as "startedBy", ${rfc3339('started_at')} as "startedAt", ${rfc3339('ended_at')} as "endedAt",
  extract(epoch from clock_timestamp() - step_at)::float8 as "stepSeconds", step_requests::float8 as "stepRequests"`

/** Finds those that callers are sent to. */
export async function followCanaries(pool: Pick<pg.ClientBase, 'query'>): Promise<readonly FollowedCanary[]> {
  const { rows } = await pool.query<FollowedCanary>(
    `select name, ${SHARE} as share, by_header as "byHeader", may_differ as "mayDiffer" from ebb.canary where state in ('running', 'passed')`,
  )
  return rows
}

/** Finds all, by name; those that have ended stay until the next one of their function. */
export async function listCanaries(pool: pg.Pool): Promise<readonly CanaryRecord[]> {
  return (await pool.query<CanaryRecord>(`select ${COLUMNS} from ebb.canary order by name`)).rows
}

/** Begins one, unless one is under way; false then. */
export async function startCanary(pool: pg.Pool, canary: NewCanary, actor: string): Promise<boolean> {
  const { name, image, steps, requests, seconds, byHeader, mayDiffer = [] } = canary
  return inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(startSql, [
      ...[name, image, steps, requests, seconds, byHeader, 'It has begun.'],
      ...[JSON.stringify(newJudgement()), actor, mayDiffer],
      steps[0] === 0 ? JSON.stringify(noShadowCounts()) : null,
    ])
    if (rowCount !== 1) return false
    await appendAudit(client, { actor, action: 'canary.start', subject: name, detail: { image, steps } })
    await client.query(`notify ${CANARIES_CHANNEL}`)
    return true
  })
}

const startSql = /* sql */ `
insert into ebb.canary as known (name, image, steps, requests, seconds, by_header, why, judgement, started_by, may_differ, shadow, state)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'running')
on conflict (name) do update
set image = excluded.image, steps = excluded.steps, step = 0, requests = excluded.requests, seconds = excluded.seconds,
    by_header = excluded.by_header, state = 'running', why = excluded.why, judgement = excluded.judgement, started_by = excluded.started_by,
    may_differ = excluded.may_differ, shadow = excluded.shadow,
    started_at = clock_timestamp(), step_at = clock_timestamp(), step_requests = 0, ended_at = null
where known.state in ('aborted', 'promoted')`

/** Ends one, by a person; false where none is under way. */
export async function endCanary(
  pool: pg.Pool,
  { name, state, why }: { readonly name: string; readonly state: 'aborted' | 'promoted'; readonly why: string },
  actor: string,
): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `update ebb.canary set state = $2, why = $3, ended_at = clock_timestamp() where name = $1 and state in ('running', 'passed')`,
      [name, state, why],
    )
    if (rowCount !== 1) return false
    const action = state === 'aborted' ? 'canary.abort' : 'canary.promote'
    await appendAudit(client, { actor, action, subject: name, detail: { why } })
    await client.query(`notify ${CANARIES_CHANNEL}`)
    return true
  })
}

/** Adds what one process has counted, has it judged, and acts on that: the next share, or the end. */
export async function recordCounts(
  pool: pg.Pool,
  name: string,
  { shadow: copied, ...news }: CanaryCounts & { readonly shadow: ShadowCounts },
): Promise<void> {
  await inTransaction(pool, async (client) => {
    const { rows } = await client.query<CanaryRecord>(
      `select ${COLUMNS} from ebb.canary where name = $1 and state in ('running', 'passed') for update`,
      [name],
    )
    const [canary] = rows
    if (!canary) return
    const judgement = takeCounts(canary.judgement, news, canary.share)
    const shadow = canary.shadow && addShadowCounts(canary.shadow, copied)
    const next = decideNext({ ...canary, judgement, shadow })
    await client.query(
      `update ebb.canary
       set judgement = $2, state = $3, why = $4, step = $5,
           step_at = case when step = $5 then step_at else clock_timestamp() end,
           step_requests = case when step = $5 then step_requests else $6 end,
           ended_at = case when $3 = 'aborted' then clock_timestamp() end,
           shadow = $7
       where name = $1`,
      [
        name,
        JSON.stringify(judgement),
        next.state,
        next.why,
        next.step,
        next.requests,
        shadow && JSON.stringify(shadow),
      ],
    )
    if (next.state === canary.state && next.step === canary.step) return
    const action = `canary.${next.state === 'running' ? 'step' : next.state}`
    const detail = { why: next.why, share: canary.steps[next.step] }
    await appendAudit(client, { actor: JUDGE, action, subject: name, detail })
    await client.query(`notify ${CANARIES_CHANNEL}`)
  })
}
