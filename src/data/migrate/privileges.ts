import type pg from 'pg'
import { type Config, ConfigError } from '../../kernel/index.ts'

/** The parts that log in to the database, each by a role of its own. */
export const DATABASE_USERS = ['gateway', 'relay', 'functions'] as const
/** What logs in to the database with a role of its own: the gateway, the relay, or all functions. */
export type DatabaseUser = (typeof DATABASE_USERS)[number]

/** The privileges of each part; none for a part that is not listed. */
type Privileges = Readonly<Partial<Record<DatabaseUser, readonly string[]>>>

/** The events of schedules, which no request has emitted. */
const FIRED_EVENTS = 'insert (id, type, source, payload, traceparent, correlation_id, caller_id, hops)'
const FIRINGS = [
  ...['select', 'insert (schedule, planned_at, state, event_id, manual)'],
  'update (state, event_id, decided_at)',
]

/** Sums that gateway and relay add to. */
const INSTANCE_SUMS = ['select', 'insert', 'update (instances, busy_seconds, cpu_seconds)']
const CALL_SUMS = ['select', 'insert', 'update (requests, calls, deferred, cold_starts, warm_seconds, bytes)']

const OWN_SECRET_AGES = ['select', 'insert (part, setting, fingerprint)', 'update (fingerprint, since)', 'delete']

/** Customers change their webhooks through the gateway, and the relay gives these events; it never learns to make one. */
const WEBHOOK_PRIVILEGES: Readonly<Record<string, Privileges>> = {
  webhook: {
    gateway: [
      'select',
      'insert (id, subject, tenant, url, description, events, secret, per_second, concurrency, tokens)',
      'update (url, description, events, secret, previous_secret, previous_until, state, disabled_for, per_second, concurrency, failing_since, failures, rest_until, updated_at)',
    ],
    relay: [
      'select',
      'update (state, disabled_for, tokens, tokens_at, failing_since, failures, rest_until, updated_at)',
    ],
  },
  webhook_message: {
    gateway: ['select', 'insert (id, type, body, correlation_id, traceparent)'],
    relay: ['select', 'insert (id, type, body, correlation_id, traceparent)'],
  },
  webhook_delivery: {
    gateway: ['select', 'insert (webhook_id, message_id)', 'update (state, attempts, available_at, settled_at)'],
    relay: [
      'select',
      'insert (webhook_id, message_id)',
      'update (state, attempts, available_at, lease_token, locked_until, history, settled_at)',
    ],
  },
}

/**
 * The privileges that each part needs on each table of the platform. A function inserts into tables that it may not read:
 * their rows belong to other callers. A privilege that only the previous version needs stays until that is gone everywhere.
 */
export const TABLE_PRIVILEGES: Readonly<Record<string, Privileges>> = {
  outbox: {
    // A webhook's event has a subject as well.
    gateway: ['select', FIRED_EVENTS, 'insert (subject, payload_bytes)'],
    relay: ['select', 'update (fanned_out_at)', FIRED_EVENTS],
    // Not of the tenant and the transaction: their defaults are the transaction's.
    functions: [
      'insert (id, type, version, source, subject, payload, traceparent, correlation_id, caller_id, hops, partition_key, partition_number, due_at, payload_bytes)',
    ],
  },
  delivery: {
    gateway: [
      ...['select', 'delete'],
      'update (consumer, state, available_at, settled_at, forgiven, uncounted, redrive_id, redrive_rank, edited)',
    ],
    relay: [
      ...[
        'select',
        'insert (event_id, consumer, available_at, event_time, partition_key, partition_number, due_at, state, attempts, lease_token, locked_until, settled_at)',
        'delete',
      ],
      'update (state, attempts, uncounted, available_at, lease_token, locked_until, settled_at, redrive_id)',
    ],
  },
  // Written by triggers alone.
  delivery_tally: { relay: ['select'] },
  subscriber_rate: { relay: ['select', 'insert (consumer, tokens, at)', 'update (tokens, at)'] },
  archived_day: { gateway: ['select', 'insert (day)', 'update (archived_at)'], relay: ['select'] },
  delivery_state: { gateway: ['select'] },
  delivery_before: { gateway: ['select'] },
  attempt: {
    gateway: ['select', 'update (consumer, outcome, forgiven, redrive_id)'],
    relay: [
      'select (event_id, consumer, number, outcome)',
      'insert (event_id, consumer, number, started_at, duration_ms, status, error, body, revision, traceparent, outcome, forgiven, redrive_id)',
      'update (outcome)',
    ],
  },
  // Which tables are partitioned by day, and what of a day outlives it: read by the functions that make and drop the parts.
  history: {},
  redrive: {
    gateway: ['select', 'insert (actor, filter, per_second, stop_on_failure)'],
    relay: ['select'],
  },
  // A subscriber that replaces another one takes over its inbox: an operator asks for that, through the gateway.
  inbox: { gateway: ['select (consumer, source, id)', 'insert (consumer, source, id)'] },
  idempotency: {
    gateway: ['insert (caller, route, key, fingerprint, status, headers, body)'],
    functions: ['insert (caller, route, key, fingerprint, status, headers, body)'],
  },
  invocation: {
    gateway: [
      'select (id, caller, tenant, function, state, attempts, uncounted, available_at, correlation_id, created_at, settled_at, cancelled_at, callback_url, status, answer_headers, answer_body)',
      // What an operator is told of a call.
      'select (method, target, traceparent)',
      'insert (id, caller, scopes, roles, tenant, client, function, method, target, headers, body, correlation_id, traceparent, callback_url)',
      'update (state, cancelled_at, settled_at, status, answer_headers, answer_body)',
    ],
    relay: [
      'select',
      'update (state, attempts, uncounted, available_at, lease_token, locked_until, settled_at, status, answer_headers, answer_body)',
    ],
  },
  invocation_attempt: {
    gateway: ['select'],
    relay: ['insert (invocation_id, number, started_at, duration_ms, status, error, body, revision)'],
  },
  // Made by make_callback alone.
  callback: {
    gateway: ['select (invocation_id, state, attempts, status)'],
    relay: ['select', 'update (state, attempts, available_at, lease_token, locked_until, status, settled_at)'],
  },
  callback_attempt: { relay: ['insert (invocation_id, number, started_at, duration_ms, status, error)'] },
  ...WEBHOOK_PRIVILEGES,
  schedule: {
    gateway: ['select'],
    relay: ['select', 'insert (name, cron, time_zone, next_at)', 'update (next_at, seen_at)'],
  },
  // An operator has a schedule fire through the gateway.
  firing: { gateway: FIRINGS, relay: FIRINGS },
  received_webhook: { gateway: ['select (receiver, id, event_id)', 'insert (receiver, id, digest)'] },
  // Written by publish_changes and append_changes; the relay begins anew where a slot is made.
  change_table: { relay: ['select'] },
  change_class: {},
  change_reader: {
    relay: [
      'select',
      'insert (slot, commit_lsn, lost, lost_at)',
      'update (epoch, commit_lsn, partial_lsn, partial_changes, lost, lost_at)',
    ],
  },
  known_function: { relay: ['select', 'insert (kind, name)', 'update (seen_at)'] },
  api_key: {
    gateway: [
      'select',
      'insert (id, subject, prefix, hmac, scopes, expires_at, roles, tenant, plan, name, replaces)',
      'update (hmac, revoked_at, expires_at)',
    ],
  },
  tenant_plan: { gateway: ['select', 'insert (tenant, plan)', 'update (plan, set_at)'] },
  quota: { gateway: ['select'] },
  usage: { gateway: ['select'] },
  purge: {
    gateway: ['select', 'insert (kind, value, origin)', 'update (told_at)'],
    // What it names, it does not learn of: others' purges are not its business.
    functions: ['insert (kind, value)'],
  },
  object: {
    relay: ['select', 'update (state, removed_at)', 'delete'],
    functions: [
      'select',
      'insert (id, type, bytes, sha256, part_bytes, held, expires_at)',
      'update (state, stored_at, bytes, sha256, tenant, held)',
    ],
  },
  object_part: { functions: ['select', 'insert (object_id, number, sha256)', 'update (sha256)'] },
  // Functions add to it by record_instance.
  instance_hour: { gateway: INSTANCE_SUMS, relay: [...INSTANCE_SUMS, 'delete'] },
  call_hour: { gateway: CALL_SUMS, relay: [...CALL_SUMS, 'delete'] },
  call_minute: { gateway: ['select', 'insert'], relay: ['select', 'insert', 'delete'] },
  // Written by record_usage alone.
  usage_batch: {},
  audit: {
    gateway: ['select', 'insert (actor, action, subject, tenant, detail)'],
    // That a canary has ended.
    relay: ['insert (actor, action, subject, tenant, detail)'],
  },
  canary: {
    // A person begins it, through the gateway.
    gateway: [
      ...['select', 'insert', 'update (image, steps, step, requests, seconds, by_header, state, why, judgement)'],
      'update (started_by, started_at, step_at, step_requests, ended_at, may_differ, shadow)',
    ],
    relay: ['select', 'update (judgement, state, why, step, step_at, step_requests, ended_at, shadow)'],
  },
  secret_age: { gateway: OWN_SECRET_AGES, relay: OWN_SECRET_AGES },
  // Written by record_contract_usage alone.
  contract_usage: { gateway: ['select'] },
  // An operator has a check made now through the gateway.
  synthetic_check: {
    gateway: ['select', 'insert (name)', 'update (began_at)'],
    relay: [
      ...['select', 'insert (name)', 'delete'],
      'update (began_at, lease_token, locked_until, key, undo, failures, failing_since, runs, seen_at)',
    ],
  },
  // Whoever reads it can be any tenant.
  tenant_key: {},
  schema_version: {},
}

/** The parts that may call each function of the platform's schema. */
export const ROUTINE_PRIVILEGES: Readonly<Record<string, readonly DatabaseUser[]>> = {
  'find_answer(text, text, text, bytea)': ['gateway', 'functions'],
  'claim_key(text, text, text, bytea)': ['gateway', 'functions'],
  'take_place(text, text, uuid[])': ['gateway'],
  'record_usage(uuid, bigint, jsonb)': ['gateway'],
  'record_instance(text, integer, integer, jsonb)': ['functions'],
  'delete_old_purges()': ['gateway'],
  'record_contract_usage(jsonb)': ['gateway'],
  'forget_received(double precision, integer)': ['relay'],
  'forget_schedules(double precision, integer)': ['relay'],
  // Of 0.2.
  'take_event(text, text, text)': ['functions'],
  'take_event(text, text, text, timestamp with time zone)': ['functions'],
  'take_events(text, text[], text[], timestamp with time zone[])': ['functions'],
  'give_back_events(text, text[], text[])': ['functions'],
  'next_in_partition(text, text)': ['functions'],
  'publish_changes(text[], double precision)': ['relay'],
  'end_changes()': ['relay'],
  'append_changes(text, uuid, jsonb, jsonb, jsonb)': ['relay'],
  'make_history(integer)': ['relay'],
  'detach_history(text, interval)': ['relay'],
  'drop_detached(text)': ['relay'],
  'delete_kept(text, interval)': ['relay'],
  'store_outstanding(text, text, text, jsonb)': ['functions'],
  'clear_outstanding(text, text, text)': ['functions'],
  'tally_made()': [],
  'tally_ended()': [],
  'tally_moved()': [],
  'sum_tally()': ['relay'],
  'make_callback()': [],
  'delete_ended_calls(integer, integer)': ['relay'],
  'delete_old_audit(integer, integer)': ['relay'],
  'forget_webhooks(integer, integer)': ['relay'],
  'enter_tenant(text)': ['functions'],
  // The default of an event's tenant.
  'current_tenant()': ['gateway', 'relay', 'functions'],
  'require_tenant()': ['functions'],
  'prove_tenant(text)': [],
  'make_tenant_table(regclass, text)': [],
  'find_tenant_leaks()': [],
}

/** The role that each part logs in as. */
export type Roles = Readonly<Partial<Record<DatabaseUser, string>>>

/** The roles of the settings, as options of `migrate`. */
export const rolesOf = (config: Config) => ({
  roles: {
    ...(config.EBB_GATEWAY_ROLE ? { gateway: config.EBB_GATEWAY_ROLE } : {}),
    ...(config.EBB_RELAY_ROLE ? { relay: config.EBB_RELAY_ROLE } : {}),
    ...(config.EBB_FUNCTIONS_ROLE ? { functions: config.EBB_FUNCTIONS_ROLE } : {}),
  },
  grantTo: config.EBB_DATABASE_ROLE,
})

/** Grants each role what its part needs and revokes the rest, on all existing tables. To be called in a transaction. */
export async function grantRoles(client: pg.ClientBase, roles: Roles): Promise<void> {
  const names = [...new Set(Object.values(roles))]
  if (names.length === 0) return
  await requireRoles(client, names)
  const roleList = names.map((name) => quote(name)).join(', ')
  const granted = DATABASE_USERS.flatMap((part) => {
    const role = roles[part]
    return role === undefined ? [] : grantsOf(part, quote(role))
  })
  const statements = [
    `revoke all on all tables in schema ebb, public from ${roleList}`,
    `revoke all on all sequences in schema ebb, public from ${roleList}`,
    `revoke all on all routines in schema ebb from public, ${roleList}`,
    `alter default privileges in schema public revoke all on tables from ${roleList}`,
    `alter default privileges in schema public revoke all on sequences from ${roleList}`,
    `grant usage on schema ebb to ${roleList}`,
    ...granted,
  ]
  await client.query(statements.join(';\n'))
}

function grantsOf(part: DatabaseUser, role: string): readonly string[] {
  const tables = Object.entries(TABLE_PRIVILEGES).flatMap(([table, privileges]) =>
    (privileges[part] ?? []).map((privilege) => `grant ${privilege} on ebb.${table} to ${role}`),
  )
  const routines = Object.entries(ROUTINE_PRIVILEGES).flatMap(([routine, parts]) =>
    parts.includes(part) ? [`grant execute on function ebb.${routine} to ${role}`] : [],
  )
  return [...tables, ...routines, ...(part === 'functions' ? teamGrants(role) : [])]
}

/** On the team's tables, also future ones: every row, and no change of a table. */
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
    `the database has no role ${missing.join(', ')}: create it first (create role … login password …).`,
  )
}

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
