import type pg from 'pg'
import { type Config, type Log, secretFingerprints } from '../kernel/index.ts'
import { queryWithTimeout } from './postgres/with-connection.ts'

interface RecordSecretsOptions {
  readonly part: 'gateway' | 'relay'
  readonly config: Config
  readonly log: Pick<Log, 'warn'>
  /** Default: 10 min. */
  readonly intervalMs?: number
}

export interface SecretAge {
  readonly part: string
  readonly setting: string
  /** Seconds since it was first seen as it is. */
  readonly seconds: number
}

const INTERVAL_MS = 600_000
/** Nothing waits for it. */
const LIMIT_MS = 10_000

/** Records since when this part has the secrets that it has, now and every so often. What fails is logged, and made up for later. */
export function recordSecrets(pool: pg.Pool, { part, config, log, intervalMs = INTERVAL_MS }: RecordSecretsOptions) {
  let recording: Promise<unknown> = Promise.resolve()
  const record = () => {
    const secrets = [...secretFingerprints(config)]
    const values = [part, secrets.map(([setting]) => setting), secrets.map(([, fingerprint]) => fingerprint)]
    recording = queryWithTimeout(pool, LIMIT_MS, (client) => client.query(RECORD, values)).catch((error) =>
      log.warn({ err: error }, 'the ages of secrets could not be recorded'),
    )
  }
  const timer = setInterval(record, intervalMs)
  record()
  return {
    close: async () => {
      clearInterval(timer)
      await recording
    },
  }
}

/** Of all gateways and relays. */
export async function readSecretAges(client: Pick<pg.ClientBase, 'query'>): Promise<readonly SecretAge[]> {
  const { rows } = await client.query(AGES)
  return rows
}

const AGES =
  'select part, setting, extract(epoch from clock_timestamp() - since)::float8 as seconds from ebb.secret_age'

/** What is set no more is forgotten. In the order of the key, so that several processes lock the rows in one order. */
const RECORD = /* sql */ `
with gone as (delete from ebb.secret_age where part = $1 and setting <> all ($2::text[]))
insert into ebb.secret_age as known (part, setting, fingerprint)
select $1, setting, fingerprint from unnest($2::text[], $3::text[]) as secret (setting, fingerprint) order by setting
on conflict (part, setting) do update set fingerprint = excluded.fingerprint, since = clock_timestamp()
where known.fingerprint <> excluded.fingerprint`
