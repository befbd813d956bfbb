import type pg from 'pg'
import { type Config, ConfigError } from '../../kernel/index.ts'

/** The parts that log in to the database, each by a role of its own. */
export const PARTS = ['gateway', 'relay', 'functions'] as const
export type Part = (typeof PARTS)[number]

/** What each part may do; nothing where it is not named. */
type Privileges = Readonly<Partial<Record<Part, readonly string[]>>>

/**
 * What each part does with each table of the platform, and may do therefore. A function adds to what it may not read: what
 * it could learn or change there is other callers'. What the version before needs stays until that is gone everywhere.
 */
export const TABLE_PRIVILEGES: Readonly<Record<string, Privileges>> = {
  outbox: {
    gateway: ['select'],
    relay: ['select', 'update (fanned_out_at)'],
    functions: ['insert (id, type, source, subject, payload, traceparent, correlation_id, caller_id, hops)'],
  },
  delivery: {
    gateway: [
      'select',
      'update (consumer, state, available_at, settled_at, forgiven, uncounted, redrive_id, redrive_rank)',
    ],
    relay: [
      ...['select', 'insert (event_id, consumer, available_at)'],
      'update (state, attempts, uncounted, available_at, lease_token, locked_until, settled_at, redrive_id)',
    ],
  },
  attempt: {
    gateway: ['select'],
    relay: ['insert (event_id, consumer, number, started_at, duration_ms, status, error, body, revision, traceparent)'],
  },
  redrive: {
    gateway: ['select', 'insert (actor, filter, per_second, stop_on_failure)'],
    relay: ['select'],
  },
  // What a subscriber has taken in, whoever takes its place has as well: an operator says so, by the gateway.
  inbox: { gateway: ['select (consumer, source, id)', 'insert (consumer, source, id)'] },
  idempotency: {
    gateway: ['insert (caller, route, key, fingerprint, status, headers, body)'],
    functions: ['insert (caller, route, key, fingerprint, status, headers, body)'],
  },
  invocation: {
    gateway: [
      'select (id, caller, function, state, attempts, available_at, correlation_id, created_at, settled_at, status, answer_headers, answer_body)',
      'insert (id, caller, scopes, tenant, function, method, target, headers, body, correlation_id, traceparent)',
    ],
    relay: [
      'select',
      'update (state, attempts, uncounted, available_at, lease_token, locked_until, settled_at, status, answer_headers, answer_body)',
    ],
  },
  invocation_attempt: {
    relay: ['insert (invocation_id, number, started_at, duration_ms, status, error, body, revision)'],
  },
  known_function: { relay: ['select', 'insert (kind, name)', 'update (seen_at)'] },
  api_key: { gateway: ['select', 'insert (subject, prefix, hmac, scopes, expires_at)', 'update (revoked_at)'] },
  audit: { gateway: ['insert (actor, action, subject)'] },
  schema_version: {},
}

/** Who may call which function of the platform's schema. */
export const ROUTINE_PRIVILEGES: Readonly<Record<string, readonly Part[]>> = {
  'find_answer(text, text, text, bytea)': ['gateway', 'functions'],
  'claim_key(text, text, text, bytea)': ['gateway', 'functions'],
  'take_place(text, text, uuid[])': ['gateway'],
  'take_event(text, text, text)': ['functions'],
  'store_outstanding(text, text, text, jsonb)': ['functions'],
  'clear_outstanding(text, text, text)': ['functions'],
}

/** The role that each part logs in as. */
export type Roles = Readonly<Partial<Record<Part, string>>>

/** Whom the settings name, as options of `migrate`. */
export const rolesOf = (config: Config) => ({
  roles: {
    ...(config.EBB_GATEWAY_ROLE ? { gateway: config.EBB_GATEWAY_ROLE } : {}),
    ...(config.EBB_RELAY_ROLE ? { relay: config.EBB_RELAY_ROLE } : {}),
    ...(config.EBB_FUNCTIONS_ROLE ? { functions: config.EBB_FUNCTIONS_ROLE } : {}),
  },
  grantTo: config.EBB_DATABASE_ROLE,
})

/** Gives each role what its part does and takes from it what it does not, for all that is there now. To be called in a transaction. */
export async function grantRoles(client: pg.ClientBase, roles: Roles): Promise<void> {
  const names = [...new Set(Object.values(roles))]
  if (names.length === 0) return
  await requireRoles(client, names)
  const everybody = names.map((name) => quote(name)).join(', ')
  const granted = PARTS.flatMap((part) => {
    const role = roles[part]
    return role === undefined ? [] : grantsOf(part, quote(role))
  })
  const statements = [
    `revoke all on all tables in schema ebb, public from ${everybody}`,
    `revoke all on all sequences in schema ebb, public from ${everybody}`,
    `revoke all on all routines in schema ebb from public, ${everybody}`,
    `alter default privileges in schema public revoke all on tables from ${everybody}`,
    `alter default privileges in schema public revoke all on sequences from ${everybody}`,
    `grant usage on schema ebb to ${everybody}`,
    ...granted,
  ]
  await client.query(statements.join(';\n'))
}

function grantsOf(part: Part, role: string): readonly string[] {
  const tables = Object.entries(TABLE_PRIVILEGES).flatMap(([table, privileges]) =>
    (privileges[part] ?? []).map((privilege) => `grant ${privilege} on ebb.${table} to ${role}`),
  )
  const routines = Object.entries(ROUTINE_PRIVILEGES).flatMap(([routine, parts]) =>
    parts.includes(part) ? [`grant execute on function ebb.${routine} to ${role}`] : [],
  )
  return [...tables, ...routines, ...(part === 'functions' ? teamGrants(role) : [])]
}

/** The team's tables, those to come as well: every row, and no table. */
const teamGrants = (role: string): readonly string[] => [
  `grant usage on schema public to ${role}`,
  `grant select, insert, update, delete on all tables in schema public to ${role}`,
  `grant usage on all sequences in schema public to ${role}`,
  `alter default privileges in schema public grant select, insert, update, delete on tables to ${role}`,
  `alter default privileges in schema public grant usage on sequences to ${role}`,
  `revoke all on public.schema_version from ${role}`,
]

async function requireRoles(client: pg.ClientBase, names: readonly string[]) {
  const { rows } = await client.query<{ rolname: string }>('select rolname from pg_roles where rolname = any($1)', [
    names,
  ])
  const missing = names.filter((name) => !rows.some(({ rolname }) => rolname === name))
  if (missing.length === 0) return
  throw new ConfigError(
    `the database has no role ${missing.join(', ')}: make it first (create role … login password …).`,
  )
}

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
