import { ConfigFault } from '../../kernel/index.ts'
import type { Migration } from './read-migrations.ts'

/** A migration that has run in this database. */
export interface Ran {
  readonly number: number
  readonly name: string | null
  readonly md5: string | null
}

/**
 * The files that have not run here, the lowest number first, whenever they were merged. Refuses, by the file's name, a
 * history that differs from the folder's. A database that is ahead of the folder is let be: this may be an older version.
 */
export function findPending(folder: string, files: readonly Migration[], ran: readonly Ran[]): readonly Migration[] {
  const byNumber = new Map(files.map((file) => [file.number, file]))
  const newest = files.at(-1)?.number ?? 0
  for (const { number, name, md5 } of ran) {
    const file = byNumber.get(number)
    const was = `${String(number).padStart(4, '0')}.do.${name}.sql`
    if (!file && number > newest) continue
    if (!file) throw new ConfigFault(`${folder}: ${was} has run in this database and is gone; put it back. ${OR_FRESH}`)
    if (name !== null && name !== file.name) {
      const told = `${folder}: this database has run ${was}, and ${file.file} has its number; give it the next free one.`
      throw new ConfigFault(`${told} ${OR_FRESH}`)
    }
    if (md5 !== null && !file.checksums.includes(md5)) {
      const told = `${folder}: ${file.file} was changed after it had run in this database;`
      throw new ConfigFault(`${told} put it back, and write a new one for the change. ${OR_FRESH}`)
    }
  }
  const known = new Set(ran.map(({ number }) => number))
  return files.filter(({ number }) => !known.has(number))
}

const OR_FRESH = 'On a laptop whose data may go: npm start -- --fresh.'
