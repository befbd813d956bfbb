import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigFault } from '../../kernel/index.ts'

export interface Migration {
  readonly file: string
  readonly number: number
  readonly name: string
  readonly sql: string
  /** MD5 as it is stored first; then what the same file may have been stored with by a checkout with other line ends. */
  readonly checksums: readonly [string, ...string[]]
}

const FILE = /^(\d+)\.do(?:\.(.+))?\.sql$/

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
    throw new ConfigFault(`${folder} has ${one} and ${other}: give one of them the next free number.`)
  }
  return migrations
}

async function readMigration(folder: string, file: string): Promise<Migration> {
  const [, number, name = ''] = FILE.exec(file) ?? []
  if (!number) throw new ConfigFault(`${join(folder, file)}: call it NNNN.do.<what>.sql, or it is no migration.`)
  const sql = (await readFile(join(folder, file), 'utf8')).replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  const checksums = [md5(sql), md5(sql.replaceAll('\n', '\r\n'))] as const
  return { file, number: Number(number), name, sql, checksums }
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex')
