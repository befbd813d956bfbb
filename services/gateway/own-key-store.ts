import { Problem } from 'ebb/contract'
import type { Caller, GatewayMetrics, OwnKeys } from 'ebb/http/gateway'
import type pg from 'pg'
import { type KeyOwner, listKeys, type Peppers } from '../../src/data/keys/api-keys.ts'
import { createOwnKey, findOwnKey, keyNotFound, revokeOwnKey, rotateOwnKey } from '../../src/data/keys/own-keys.ts'
import { transactWithTimeout } from '../../src/data/postgres/transact-with-timeout.ts'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'
import { readQuota, readUsage, type Usage } from '../../src/data/usage.ts'
import { createBulkhead } from './invocation-store.ts'

const TIMEOUT_MS = 2_000
/** More would not be served in time, and are refused at once. */
const MAX_WAITING = 50

export interface OwnKeyStoreOptions extends Pick<GatewayMetrics, 'shed'> {
  readonly pepper: Peppers
  /** Live keys of one caller. */
  readonly maxKeys: number
  /** Requests that use the database at a time. */
  readonly maxRunning: number
  /** For each request, the wait for the others included; default: 2 s. */
  readonly timeoutMs?: number
}

/** The keys of callers, in the database. Where that does not answer, callers get a Problem 503 in time. */
export function createOwnKeyStore(
  pool: pg.Pool,
  { pepper, maxKeys, maxRunning, timeoutMs = TIMEOUT_MS, shed }: OwnKeyStoreOptions,
): OwnKeys {
  const overflow = () => {
    shed('keys')
    return unavailable()
  }
  const withSlot = createBulkhead({ maxRunning, maxWaiting: MAX_WAITING, overflow })
  const run = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await withSlot(AbortSignal.timeout(timeoutMs), work)
    } catch (error) {
      throw error instanceof Problem ? error : unavailable(error)
    }
  }
  const transact = <Result>(work: (client: pg.ClientBase) => Promise<Result>) =>
    run(() => transactWithTimeout(pool, timeoutMs, work))
  const read = <Result>(work: (client: pg.ClientBase) => Promise<Result>) =>
    run(() => queryWithTimeout(pool, timeoutMs, work))
  return {
    list: (caller, page) => read((client) => listKeys(client, { ...ownerOf(caller), ...page })),
    create: (caller, grant, claim) =>
      transact((client) =>
        createOwnKey(client, grant, { owner: ownerOf(caller), pepper: pepper().current, claim, maxKeys }),
      ),
    rotate: (caller, id, options) =>
      transact((client) =>
        rotateOwnKey(client, id, {
          expiresAt: undefined,
          ...options,
          owner: ownerOf(caller),
          pepper: pepper().current,
        }),
      ),
    keyUsage: (caller, id, period) =>
      read(async (client) => {
        if (!(await findOwnKey(client, id, ownerOf(caller)))) throw keyNotFound()
        return (await readUsage(client, { ...holderOf(caller), ...period, keyId: id })).map(toOwnUsage)
      }),
    usage: (caller, period, quota) =>
      read(async (client) => {
        const days = await readUsage(client, { ...holderOf(caller), ...period })
        return { days: days.map(toOwnUsage), used: quota && (await readQuota(client, quota.holder, quota)) }
      }),
    revoke: (caller, id) => transact((client) => revokeOwnKey(client, id, ownerOf(caller))),
  }
}

const ownerOf = ({ sub, tenant }: Caller): KeyOwner => ({ subject: sub, tenant: tenant ?? null })

/** Both must be given: a usage without tenant is that of all tenants. */
const holderOf = ({ sub, tenant = '' }: Caller) => ({ subject: sub, tenant })

const toOwnUsage = ({ day, plan, keyId, requests, refused }: Usage) => ({ day, plan, keyId, requests, refused })

const unavailable = (cause?: unknown) =>
  new Problem('unavailable', 503, 'Keys cannot be read or changed; retry later.', { cause, retryAfterSeconds: 2 })
