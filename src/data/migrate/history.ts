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
 * The files that have not run here, the lowest number first, whenever they were merged. Refuses, by the file's name, a
 * history that differs from the folder's. A database that is ahead of the folder is let be: this may be an older version.
 */
export function findPending(
  folder: string,
  files: readonly Migration[],
  ran: readonly AppliedMigration[],
): readonly Migration[] {
  const byNumber = new Map(files.map((file) => [file.number, file]))
  const newest = files.at(-1)?.number ?? 0
  for (const { number, name, md5 } of ran) {
    const file = byNumber.get(number)
    const was = `${String(number).padStart(4, '0')}.do.${name}.sql`
    if (!file && number > newest) continue
    if (!file)
      throw new ConfigError(`${folder}: ${was} has run in this database and is gone; put it back. ${FRESH_HINT}`)
    if (name !== null && name !== file.name) {
      const told = `${folder}: this database has run ${was}, and ${file.file} has its number; give it the next free one.`
      throw new ConfigError(`${told} ${FRESH_HINT}`)
    }
    if (md5 !== null && !file.checksums.includes(md5)) {
      const told = `${folder}: ${file.file} was changed after it had run in this database;`
      throw new ConfigError(`${told} put it back, and write a new one for the change. ${FRESH_HINT}`)
    }
  }
  const known = new Set(ran.map(({ number }) => number))
  return files.filter(({ number }) => !known.has(number))
}

const FRESH_HINT = 'On a laptop whose data may go: npm start -- --fresh.'

export interface Migration {
  readonly file: string
  readonly number: number
  readonly name: string
  readonly sql: string
  /** MD5 as it is stored first; then what the same file may have been stored with by a checkout with other line ends. */
  readonly checksums: readonly [string, ...string[]]
}

const FILE_NAME = /^(\d+)\.do(?:\.(.+))?\.sql$/

/** The migrations of a folder by their numbers; none where there is no folder. What is not named like one is refused. */
export async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const names = await readdir(folder).catch((fault: NodeJS.ErrnoException) => {
    if (fault.code === 'ENOENT') return []
    throw fault
  })
  const files = names.filter((name) => name.endsWith('.sql'))
  const migrations = await Promise.all(files.map((file) => readMigration(folder, file)))
  migrations.sort((one, other) => one.number - other.number)
  const twin = migrations.find(({ number }, i) => number === migrations[i - 1]?.number)
  if (twin) {
    const [one, other] = migrations.filter(({ number }) => number === twin.number).map(({ file }) => file)
    throw new ConfigError(`${folder} has ${one} and ${other}: give one of them the next free number.`)
  }
  return migrations
}

async function readMigration(folder: string, file: string): Promise<Migration> {
  const [, number, name = ''] = FILE_NAME.exec(file) ?? []
  if (!number) throw new ConfigError(`${join(folder, file)}: call it NNNN.do.<what>.sql, or it is no migration.`)
  const sql = (await readFile(join(folder, file), 'utf8')).replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  const checksums = [md5(sql), md5(sql.replaceAll('\n', '\r\n'))] as const
  return { file, number: Number(number), name, sql, checksums }
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex')
