/** The parts that log in to the database, each by a role of its own. */
export const PARTS = ['gateway', 'relay', 'functions'] as const
export type Part = (typeof PARTS)[number]

/** What each part may do; nothing where it is not named. */
type Privileges = Readonly<Partial<Record<Part, readonly string[]>>>

/**
 * What each part does with each table of the platform, and may do therefore. A function adds to what it may not read: what
 * it could learn or change there is other callers'. What the version before needs stays until that is gone everywhere.
 */
export const TABLES: Readonly<Record<string, Privileges>> = {
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
export const ROUTINES: Readonly<Record<string, readonly Part[]>> = {
  'find_answer(text, text, text, bytea)': ['gateway', 'functions'],
  'claim_key(text, text, text, bytea)': ['gateway', 'functions'],
  'take_place(text, text, uuid[])': ['gateway'],
  'take_event(text, text, text)': ['functions'],
  'store_outstanding(text, text, text, jsonb)': ['functions'],
  'clear_outstanding(text, text, text)': ['functions'],
}
