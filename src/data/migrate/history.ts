import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../../kernel/index.ts'

/** A migration that has run in this database. */
export interface AppliedMigration {
  readonly number: number
  readonly name: string | null
  readonly md5: string | null
}

/**
 * The files that have not run in this database, lowest number first, whenever they were merged. Throws a ConfigError that
 * names the file if the history differs from the folder. A database that is ahead of the folder is accepted: this may be
 * an older version.
 */
export function findPending(
  folder: string,
  files: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Migration[] {
  const byNumber = new Map(files.map((file) => [file.number, file]))
  const newest = files.at(-1)?.number ?? 0
  for (const { number, name, md5 } of applied) {
    const file = byNumber.get(number)
    const appliedFile = `${String(number).padStart(4, '0')}.do.${name}.sql`
    if (!file && number > newest) continue
    if (!file)
      throw new ConfigError(
        `${folder}: ${appliedFile} has run in this database and is gone; put it back. ${FRESH_HINT}`,
      )
    if (name !== null && name !== file.name) {
      const message = `${folder}: this database has run ${appliedFile}, and ${file.file} has its number; give it the next free one.`
      throw new ConfigError(`${message} ${FRESH_HINT}`)
    }
    if (md5 !== null && !file.checksums.includes(md5)) {
      const message = `${folder}: ${file.file} was changed after it had run in this database;`
      throw new ConfigError(`${message} put it back, and write a new one for the change. ${FRESH_HINT}`)
    }
  }
  const numbers = new Set(applied.map(({ number }) => number))
  return files.filter(({ number }) => !numbers.has(number))
}

const FRESH_HINT = 'On a laptop whose data may be deleted: npm start -- --fresh.'

/** One migration: an .sql file, by its number. */
export interface Migration {
  readonly file: string
  readonly number: number
  readonly name: string
  readonly sql: string
  /** The MD5 that is stored first; then the one that a checkout with other line endings may have stored. */
  readonly checksums: readonly [string, ...string[]]
}

const FILE_NAME = /^(\d+)\.do(?:\.(.+))?\.sql$/

/** The migrations of a folder by number; none if there is no folder. Throws a ConfigError for an .sql file with another name. */
export async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const files = names.filter((name) => name.endsWith('.sql'))
  const migrations = await Promise.all(files.map((file) => readMigration(folder, file)))
  migrations.sort((one, other) => one.number - other.number)
  const duplicate = migrations.find(({ number }, i) => number === migrations[i - 1]?.number)
  if (duplicate) {
    const [one, other] = migrations.filter(({ number }) => number === duplicate.number).map(({ file }) => file)
    throw new ConfigError(`${folder} has ${one} and ${other}: give one of them the next free number.`)
  }
  return migrations
}

async function readMigration(folder: string, file: string): Promise<Migration> {
  const [, number, name = ''] = FILE_NAME.exec(file) ?? []
  if (!number) throw new ConfigError(`${join(folder, file)}: call it NNNN.do.<what>.sql, or it is not a migration.`)
  const sql = (await readFile(join(folder, file), 'utf8')).replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  const checksums = [md5(sql), md5(sql.replaceAll('\n', '\r\n'))] as const
  return { file, number: Number(number), name, sql, checksums }
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex')
