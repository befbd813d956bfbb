import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'

type Files = Readonly<Record<string, string>>

/** An empty database for each test of this file, and folders of migrations that are removed after it. */
export function testHistory() {
  const database = testDatabase()
  const folders: string[] = []
  const query = async <Row extends pg.QueryResultRow>(text: string, url = database.ownerUrl): Promise<Row[]> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    return (await client.query<Row>(text).finally(() => client.end())).rows
  }
  beforeEach(async () => {
    await query('drop schema if exists ebb cascade; drop schema if exists public cascade; create schema public')
  })
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
  })
  return {
    url: database.ownerUrl,
    query,
    /** A folder with these files; `name` is what it is called. */
    folder: async (files: Files, name = 'migrations-'): Promise<string> => {
      const folder = await mkdtemp(join(tmpdir(), name))
      folders.push(folder)
      for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text)
      return folder
    },
    /** The names of the tables in a schema. */
    tables: async (schema = 'public') =>
      (await query<{ name: string }>(`select tablename as name from pg_tables where schemaname = '${schema}'`))
        .map(({ name }) => name)
        .filter((name) => name !== 'schema_version')
        .sort(),
  }
}
