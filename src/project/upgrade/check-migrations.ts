import { join } from 'node:path'
import { type AppliedMigration, findPending, type Migration, readMigrations } from '../../data/migrate/history.ts'
import { connectToMigrate } from '../../data/migrate/migrate.ts'
import { endConnection } from '../../data/postgres/connection.ts'
import { ConfigError, processConfig } from '../../kernel/index.ts'
import { PLATFORM_MIGRATIONS } from './record-before.ts'

/**
 * A sentence for each thing about migrations that a person has to know before this version is deployed: what the platform's new
 * ones take away, and what is wrong with the team's, by the database of DATABASE_URL where one is set, else by the files.
 * `before` are the platform's migrations of the version before, if they are known.
 */
export async function checkMigrations(project: string, before?: readonly string[]): Promise<readonly string[]> {
  const added = before ? (await readMigrations(PLATFORM_MIGRATIONS)).filter(({ file }) => !before.includes(file)) : []
  return [...describeAdded(added), ...(await checkTeam(join(project, 'domain/migrations')))]
}

function describeAdded(added: readonly Migration[]): readonly string[] {
  const names = added.map(({ file }) => file)
  return [
    ...(added.length > 0 ? [`npx ebb migrate will run in the platform's schema: ${names.join(', ')}`] : []),
    ...added.flatMap(({ file, sql }) =>
      findDestructive(sql).map((statement) => `${file} takes away what parts of the version before use: ${statement}`),
    ),
  ]
}

const DESTRUCTIVE =
  /^(drop\s+(table|schema|view|function|type|materialized)|truncate\b|alter\s+table\b[\s\S]*\b(drop\s+(column|constraint)|rename|alter\s+(column\s+)?\S+\s+(set\s+data\s+)?type|alter\s+(column\s+)?\S+\s+set\s+not\s+null))/i

/** The statements of a migration that take something away from who uses the schema as it was, each in one line. */
export function findDestructive(sql: string): readonly string[] {
  const text = sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ').replace(/\$(\w*)\$[\s\S]*?\$\1\$/g, "''")
  const statements = text.split(';').map((statement) => statement.trim().replace(/\s+/g, ' '))
  return statements.filter((statement) => DESTRUCTIVE.test(statement))
}

async function checkTeam(folder: string): Promise<readonly string[]> {
  try {
    const files = await readMigrations(folder)
    const applied = await readApplied()
    if (!applied) return []
    const pending = findPending('domain/migrations', files, applied).map(({ file }) => file)
    return pending.length > 0 ? [`npx ebb migrate will run in the database of DATABASE_URL: ${pending.join(', ')}`] : []
  } catch (error) {
    if (error instanceof ConfigError) return [error.message]
    throw error
  }
}

/** The team's migrations that have run; undefined where no database is set, or where it does not say. */
async function readApplied(): Promise<readonly AppliedMigration[] | undefined> {
  const { DATABASE_DIRECT_URL, DATABASE_URL } = processConfig()
  const url = DATABASE_DIRECT_URL ?? DATABASE_URL
  if (!url) return undefined
  const client = await connectToMigrate(url)
  try {
    const { rows } = await client.query<AppliedMigration>(
      'select version::int as number, name, md5 from public.schema_version where version > 0 and run_at is not null order by version',
    )
    return rows
  } catch {
    return undefined
  } finally {
    await endConnection(client)
  }
}
