import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import pg from 'pg'
import { objects as resource } from '../../src/data/objects/objects.ts'
import type { StoreWith } from '../../src/data/objects/objects-shape.ts'
import { removeExpired } from '../../src/data/objects/remove-expired.ts'
import { postgres } from '../../src/data/postgres/postgres.ts'
import { testBindContext } from '../../src/data/test-support.ts'
import { createLog, processConfig } from '../../src/kernel/index.ts'

/**
 * A process to be killed: it uploads, stores, copies and deletes as handlers and their clients do, several at a time, and removes what is
 * over as a relay does, for ever. Of what fails nothing is known: it may have had an effect.
 */
const [role = ''] = process.argv.slice(2)
const config = processConfig()
const log = createLog({ level: 'silent' })
const database = postgres.open(config, log)
const opened = resource.open(config, log)
const { signal } = new AbortController()
const objects = resource.bind(opened, testBindContext(signal))
const pool = new pg.Pool({ connectionString: config.DATABASE_DIRECT_URL, max: 1 })
pool.on('error', () => {})
const MEBIBYTE = 1_048_576
const IN_PARTS = [8 * MEBIBYTE + 5, 3]

const random = (below: number) => Math.floor(Math.random() * below)

/** What a handler does, in a transaction, which now and then is rolled back in its end. */
const handle = <Result>(work: (context: Required<Pick<StoreWith, 'sql' | 'emit'>>) => Promise<Result>) =>
  postgres.transaction.run(
    database,
    { readOnly: false, repeatable: false, signal, timeoutMs: 20_000 },
    async (sql, end) => {
      try {
        const emit = async (_type: string, { id }: { readonly id: string }) => {
          await sql`insert into told (id) values (${id})`
        }
        const result = await work({ sql, emit })
        if (random(8) === 0) throw new Error('a slip')
        return result
      } finally {
        end()
      }
    },
  )

const ways = {
  upload: async () => {
    const content = randomBytes(random(50_000))
    const spec = {
      type: 'text/plain',
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    }
    const { id, put } = await handle(async ({ sql }) => {
      const upload = await objects.presignUpload(sql, spec, { expiresInSeconds: 1 + random(3) })
      await sql`insert into thing (id) values (${upload.id})`
      return upload
    })
    if (put && random(10) > 0) await fetch(put.url, { method: 'PUT', headers: put.headers, body: content })
    const complete = () =>
      handle(async ({ sql, emit }) => {
        await objects.complete({ sql, emit }, id)
        await sql`update thing set stored = true where id = ${id}`
      })
    // A client that gets no answer sends it again.
    await Promise.allSettled([complete(), complete()])
  },
  put: () =>
    handle(async ({ sql, emit }) => {
      const content = Readable.from([randomBytes(IN_PARTS[random(4)] ?? random(50_000))])
      const { id } = await objects.put({ sql, emit }, content, { type: 'text/plain' })
      await sql`insert into thing (id, stored) values (${id}, true)`
    }),
  copy: () =>
    handle(async ({ sql, emit }) => {
      const from = await sql.one<{ id: string }>`select id from thing where stored order by random() limit 1`
      if (!from) return
      const { id } = await objects.copy({ sql, emit }, from.id)
      await sql`insert into thing (id, stored) values (${id}, true)`
    }),
  delete: () =>
    handle(async ({ sql }) => {
      const one = await sql.one<{ id: string }>`select id from thing where stored order by random() limit 1 for update`
      if (!one || random(4) > 0) return
      await objects.delete(sql, one.id)
      await sql`delete from thing where id = ${one.id}`
    }),
  remove: () => removeExpired(pool, opened.store, { lateSeconds: 5, limit: 20, limitMs: 5_000 }),
}

async function goOn(way: keyof typeof ways) {
  for (;;) await ways[way]().catch(() => new Promise((resolve) => setTimeout(resolve, 5)))
}

if (role === 'relay') void goOn('remove')
else for (const way of ['upload', 'upload', 'put', 'copy', 'delete'] as const) void goOn(way)
process.stdout.write('began\n')
