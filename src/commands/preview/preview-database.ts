import pg from 'pg'
import { ConfigError } from '../../kernel/index.ts'
import { type PreviewNames, previewOfDatabase, previewOfRole, ROLES, type Role } from './preview-names.ts'

export type Passwords = Readonly<Record<Role, string>>

interface DatabaseOptions {
  readonly passwords: Passwords
  /** The database whose content it begins with; an empty one where there is none. */
  readonly template?: string | undefined
  /** Whether a contract takes changes of a table: the relay then reads the log. */
  readonly readsChanges: boolean
}

/** Connects to a database of the server, as an administrator. */
export type Connect = (database: string) => Promise<pg.Client>

const { escapeIdentifier: id, escapeLiteral: text } = pg

/**
 * Makes the database of a preview and its roles, or what is missing of them; what is there keeps its content. A database is the owner's
 * from the moment when it is whole: what an earlier run has left half done is made anew.
 */
export async function createPreviewDatabase(connect: Connect, names: PreviewNames, options: DatabaseOptions) {
  const server = await connect('postgres')
  try {
    for (const role of ROLES) await createRole(server, names.roles[role], options.passwords[role])
    if (options.readsChanges) await server.query(`alter role ${id(names.roles.relay)} replication`)
    if (await isWhole(server, names)) return
    await dropDatabase(server, names.database)
    const [database, owner] = [id(names.database), id(names.roles.owner)]
    await copyDatabase(server, names.database, options.template)
    if (options.template !== undefined) await takeOver(connect, names)
    const users = ROLES.map((role) => id(names.roles[role])).join(', ')
    await server.query(
      `revoke all on database ${database} from public; grant connect on database ${database} to ${users}; alter database ${database} owner to ${owner}`,
    )
  } finally {
    await server.end()
  }
}

/** Removes the database of a preview and its roles. Whoever is connected is disconnected; what is not there is no fault. */
export async function dropPreviewDatabase(connect: Connect, names: PreviewNames) {
  const server = await connect('postgres')
  try {
    await dropDatabase(server, names.database)
    await server.query(`drop role if exists ${ROLES.map((role) => id(names.roles[role])).join(', ')}`)
  } finally {
    await server.end()
  }
}

/** The names of all previews of which the server has a database or a role. */
export async function previewsOfServer(connect: Connect): Promise<readonly string[]> {
  const server = await connect('postgres')
  try {
    const databases = await server.query<{ name: string }>('select datname as name from pg_database')
    const roles = await server.query<{ name: string }>('select rolname as name from pg_roles')
    const found = [
      ...databases.rows.map(({ name }) => previewOfDatabase(name)),
      ...roles.rows.map(({ name }) => previewOfRole(name)),
    ]
    return [...new Set(found.filter((name) => name !== undefined))].sort()
  } finally {
    await server.end()
  }
}

async function createRole(server: pg.Client, role: string, password: string) {
  const { rowCount } = await server.query('select from pg_roles where rolname = $1', [role])
  if (rowCount === 0) await server.query(`create role ${id(role)}`)
  await server.query(`alter role ${id(role)} login password ${text(password)}`)
}

async function isWhole(server: pg.Client, { database, roles }: PreviewNames): Promise<boolean> {
  const { rowCount } = await server.query(
    'select from pg_database join pg_roles on pg_roles.oid = datdba where datname = $1 and rolname = $2',
    [database, roles.owner],
  )
  return rowCount === 1
}

async function copyDatabase(server: pg.Client, database: string, template: string | undefined) {
  try {
    await server.query(`create database ${id(database)} template ${id(template ?? 'template0')}`)
  } catch (cause) {
    const { code } = Object(cause)
    if (code === INVALID_CATALOG_NAME)
      throw new ConfigError(`--template: the server of the previews has no database ${template}`, { cause })
    if (code === OBJECT_IN_USE)
      throw new ConfigError(`--template: somebody is connected to ${template}; a database is copied while nobody is`, {
        cause,
      })
    throw cause
  }
}

const INVALID_CATALOG_NAME = '3D000'
const OBJECT_IN_USE = '55006'

/**
 * Makes the owner of a copied database the owner of what is in it, and takes what other roles may do there: those roles could not be dropped
 * otherwise. Both statements see to what all databases share, too, which is given back in the same transaction.
 */
async function takeOver(connect: Connect, { database, roles }: PreviewNames) {
  const copy = await connect(database)
  try {
    const found = await copy.query<{ role: string }>(
      `select distinct rolname as role from pg_shdepend join pg_roles on pg_roles.oid = refobjid
       where refclassid = 'pg_authid'::regclass and dbid = (select oid from pg_database where datname = current_database())`,
    )
    const others = found.rows.map(({ role }) => role).filter((role) => role !== roles.owner)
    if (others.length === 0) return
    const list = others.map((role) => id(role)).join(', ')
    await copy.query('begin')
    const shared = await copy.query<{ restore: string }>(SHARED, [others])
    await copy.query(`reassign owned by ${list} to ${id(roles.owner)}; drop owned by ${list}`)
    for (const { restore } of shared.rows) await copy.query(restore)
    await copy.query('commit')
  } finally {
    await copy.end()
  }
}

/** The statements that give these roles what they have of databases: to own them, and what was granted. */
const SHARED = `
  select format('alter database %I owner to %I', datname, rolname) as restore
  from pg_database join pg_roles on pg_roles.oid = datdba where rolname = any($1)
  union all
  select format('grant %s on database %I to %I', privilege_type, datname, rolname)
  from pg_database, aclexplode(datacl) join pg_roles on pg_roles.oid = grantee where rolname = any($1)`

/** A slot that is in use forbids it, and its reader may come back once before its pod is gone. */
const TRIES = 20

async function dropDatabase(server: pg.Client, database: string) {
  for (let i = 1; ; i++) {
    await server.query('select pg_terminate_backend(active_pid) from pg_replication_slots where database = $1', [
      database,
    ])
    try {
      await server.query(`drop database if exists ${id(database)} with (force)`)
      return
    } catch (error) {
      if (Object(error).code !== OBJECT_IN_USE || i === TRIES) throw error
      await server.query('select pg_sleep(0.1)')
    }
  }
}
