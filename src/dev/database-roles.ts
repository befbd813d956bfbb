import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { DATABASE_USERS, type DatabaseUser } from '../data/migrate/privileges.ts'
import { ROLES } from '../deploy/render/platform.ts'

type UrlsByPart = Readonly<Record<DatabaseUser, string>>

/**
 * Creates the missing roles of the parts, gives each a new password, and lets them connect to the database of `databaseUrl`.
 * Returns its address for each part. `adminUrl` is a superuser's.
 */
export async function ensureDatabaseRoles(adminUrl: string, databaseUrl: string): Promise<UrlsByPart> {
  const passwords = { gateway: newPassword(), relay: newPassword(), functions: newPassword() }
  const made = DATABASE_USERS.map((part) => createRole(ROLES[part], passwords[part]))
  // It reads the changes of tables (change()).
  made.push(`alter role ${ROLES.relay} replication;`)
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  await client.query([...made, grantConnect(databaseUrl)].join('\n')).finally(() => client.end())
  const urlOf = (part: DatabaseUser) =>
    Object.assign(new URL(databaseUrl), { username: ROLES[part], password: passwords[part] }).href
  return { gateway: urlOf('gateway'), relay: urlOf('relay'), functions: urlOf('functions') }
}

/** Needs no escaping in a URL or in an SQL literal. */
const newPassword = () => randomBytes(24).toString('base64url')

const createRole = (role: string, password: string) => `
  do $$ begin create role ${role}; exception when duplicate_object then null; end $$;
  alter role ${role} login password '${password}';`

/** As on a cluster, only these roles and the owner may connect, and they may not create temporary tables. */
export function grantConnect(databaseUrl: string): string {
  const name = `"${new URL(databaseUrl).pathname.slice(1)}"`
  return `revoke all on database ${name} from public; grant connect on database ${name} to ${Object.values(ROLES).join(', ')};`
}
