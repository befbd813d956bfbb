import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { migrate } from '../../src/data/migrate/migrate.ts'
import { startPostgres } from '../../src/dev/postgres/index.ts'

/** A Postgres of the bench's own with the tables of a project; by default of one that has products, whose stock outlasts any number of runs. */
export async function startDatabase({
  project = 'test/project',
  prepare = 'update products set stock = 1000000',
} = {}): Promise<{ readonly url: string; readonly pid: number } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-bench-postgres-'))
  const postgres = await startPostgres(folder)
  const run = async (url: string, text: string) => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(text).finally(() => client.end())
  }
  await run(postgres.adminUrl, 'create database bench')
  const url = new URL(postgres.adminUrl)
  url.pathname = '/bench'
  await migrate(url.href, { platform: 'src/data/migrations', team: join(project, 'domain/migrations') })
  await run(url.href, prepare)
  return {
    ...{ url: url.href, pid: postgres.pid },
    [Symbol.asyncDispose]: async () => {
      await postgres.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
