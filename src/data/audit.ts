import type pg from 'pg'

/** Who changed what, for the eyes of operators. */
export interface AuditEntry {
  readonly id: number
  /** RFC 3339. */
  readonly at: string
  /** `admin` for whoever has the admin key, and with a subject for whoever has an admin's token; `login` and a subject for a caller's own change. */
  readonly actor: string
  /** What was done, such as `key.created`. */
  readonly action: string
  /** What it was done to. */
  readonly subject: string
  /** Whose it is. */
  readonly tenant: string | null
  readonly detail: unknown
}

interface NewAuditEntry extends Pick<AuditEntry, 'actor' | 'action' | 'subject'> {
  readonly tenant?: string | null | undefined
  /** JSON; it must hold no secret. */
  readonly detail?: Readonly<Record<string, unknown>> | undefined
}

/** The actor of an operator's change. */
export const OPERATOR = 'admin'

/** The actor of a change by whoever has a token that may administer. */
export const operatorActor = (subject: string): string => `${OPERATOR} ${subject}`

/** The actor of a change that a caller made of what is its own: no subject can pass for an operator. */
export const loginActor = (subject: string): string => `login ${subject}`

/** Records a change, in the transaction that makes it. */
export async function appendAudit(
  client: pg.ClientBase,
  { actor, action, subject, tenant = null, detail }: NewAuditEntry,
): Promise<void> {
  await client.query('insert into ebb.audit (actor, action, subject, tenant, detail) values ($1, $2, $3, $4, $5)', [
    ...[actor, action, subject, tenant],
    detail === undefined ? null : JSON.stringify(detail),
  ])
}

export interface AuditFilter {
  readonly actor?: string | undefined
  readonly action?: string | undefined
  readonly tenant?: string | undefined
  /** RFC 3339. */
  readonly since?: string | undefined
  /** The id of the last entry of the previous page. */
  readonly before?: number | undefined
  readonly limit?: number
}

/** Lists the newest entries first. An action may be given by its beginning: `key` is every change of a key. */
export async function listAudit(
  pool: pg.Pool,
  { actor, action, tenant, since, before, limit = 50 }: AuditFilter = {},
): Promise<readonly AuditEntry[]> {
  const { rows } = await pool.query<AuditEntry>(
    `select id, at, actor, action, subject, tenant, detail from ebb.audit
     where ($1::text is null or actor = $1)
       and ($2::text is null or action = $2 or starts_with(action, $2 || '.'))
       and ($3::text is null or tenant = $3)
       and ($4::timestamptz is null or at >= $4)
       and ($5::bigint is null or id < $5)
     order by id desc limit $6`,
    [actor, action, tenant, since, before, limit],
  )
  return rows
}
