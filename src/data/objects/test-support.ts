import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from '@jest/globals'
import pg from 'pg'
import { startObjects } from '../../dev/objects/start-objects.ts'
import { createLog, parseConfig } from '../../kernel/index.ts'
import { testDatabase } from '../../testing/index.ts'
import { postgres } from '../postgres/postgres.ts'
import type { Sql } from '../postgres/sql.ts'
import { testBindContext } from '../test-support.ts'
import { followObjectAddress } from './object-address.ts'
import { openObjectStore } from './object-store.ts'
import { objects as resource } from './objects.ts'
import type { Objects, StoredObject } from './objects-shape.ts'
import { removeExpired } from './remove-expired.ts'
import type { SignedRequest } from './sign-request.ts'

const log = createLog({ level: 'silent' })

/** A store that is there already, to run these tests against: as EBB_OBJECTS_URL. Its bucket must be empty. */
const GIVEN = process.env.EBB_TEST_OBJECTS_URL

export interface Request {
  readonly sql: Sql
  readonly objects: Objects
  /** What was emitted. */
  readonly emitted: StoredObject[]
  emit(type: 'object.stored', data: StoredObject): Promise<void>
}

/** A store of objects and what uses it, for the tests of a file: on a folder, or the one that was given. */
export function testObjects(settings: Readonly<Record<string, string>> = {}) {
  // Hooks run in the order in which they are declared: all is closed before the database is dropped.
  afterAll(async () => {
    const { database, objects, store } = get()
    await Promise.all([postgres.close?.(database), resource.close?.(objects), store.close(), local?.stop(), pool.end()])
    rmSync(folder, { recursive: true })
  })
  const { url: databaseUrl, ownerUrl } = testDatabase()
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 2 })
  const folder = mkdtempSync(join(tmpdir(), 'ebb-objects-'))
  let local: Awaited<ReturnType<typeof startObjects>> | undefined
  let opened: ReturnType<typeof open> | undefined
  const open = (url: string) => {
    const config = parseConfig({ DATABASE_URL: databaseUrl, EBB_OBJECTS_URL: url, EBB_POOL_MAX: '4', ...settings })
    return {
      database: postgres.open(config, log),
      objects: resource.open(config, log),
      store: openObjectStore(followObjectAddress(config, log)),
    }
  }
  const get = () => {
    if (!opened) throw new Error('it is there from the first test on')
    return opened
  }
  beforeAll(async () => {
    if (!GIVEN) local = await startObjects({ folder, port: 0, secretAccessKey: 'a+secret/key' })
    opened = open(GIVEN ?? local?.url ?? '')
  })
  /** Runs what a handler would, in a transaction that is committed. */
  const request = <Result>(
    work: (request: Request) => Promise<Result>,
    { tenant }: { readonly tenant?: string } = {},
  ) => {
    const { signal } = new AbortController()
    const objects = resource.bind(get().objects, testBindContext(signal))
    const emitted: StoredObject[] = []
    const emit = async (_type: string, data: StoredObject) => void emitted.push(data)
    const options = { readOnly: false, repeatable: false, signal, timeoutMs: 60_000, tenant }
    return postgres.transaction.run(get().database, options, async (sql, end) => {
      try {
        return await work({ sql, objects, emit, emitted })
      } finally {
        end()
      }
    })
  }
  return {
    store: () => get().store,
    request,
    contentOf: (id: string, options = {}) =>
      request(async ({ sql, objects }) => {
        const found = await objects.get(sql, id, options)
        return found && Buffer.concat(await found.body.toArray())
      }),
    complete: (id: string) =>
      request(async (it) => ({ object: await it.objects.complete(it, id), emitted: it.emitted })),
    stateOf: async (id: string) =>
      (await pool.query<{ state: string }>('select state from ebb.object where id = $1', [id])).rows[0]?.state,
    expire: (id: string) => pool.query('update ebb.object set expires_at = now() where id = $1', [id]),
    /** What a relay does in a round. */
    sweep: (lateSeconds = 86_400) => removeExpired(pool, get().store, { lateSeconds, limit: 100, limitMs: 10_000 }),
  }
}

export const hashOf = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')

/** As JavaScript in a browser would. */
export const send = ({ method, url, headers }: SignedRequest, body: Uint8Array) =>
  fetch(url, { method, headers, body: new Uint8Array(body) })

export const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: { code?: string }) => error.code,
  )
