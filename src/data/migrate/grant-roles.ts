import type pg from 'pg'
import { type Config, ConfigFault } from '../../kernel/index.ts'
import { PARTS, type Part, ROUTINES, TABLES } from './privileges.ts'

/** The role that each part logs in as. */
export type Roles = Readonly<Partial<Record<Part, string>>>

/** Whom the settings name, as options of `migrate`. */
export const rolesOf = (config: Config) => ({
  roles: {
    ...(config.EBB_GATEWAY_ROLE ? { gateway: config.EBB_GATEWAY_ROLE } : {}),
    ...(config.EBB_RELAY_ROLE ? { relay: config.EBB_RELAY_ROLE } : {}),
    ...(config.EBB_FUNCTIONS_ROLE ? { functions: config.EBB_FUNCTIONS_ROLE } : {}),
  },
  grantTo: config.EBB_DATABASE_ROLE,
})

/** Gives each role what its part does and takes from it what it does not, for all that is there now. To be called in a transaction. */
export async function grantRoles(client: pg.ClientBase, roles: Roles): Promise<void> {
  const names = [...new Set(Object.values(roles))]
  if (names.length === 0) return
  await refuseMissing(client, names)
  const everybody = names.map((name) => quote(name)).join(', ')
  const granted = PARTS.flatMap((part) => {
    const role = roles[part]
    return role === undefined ? [] : grantsOf(part, quote(role))
  })
  const statements = [
    `revoke all on all tables in schema ebb, public from ${everybody}`,
    `revoke all on all sequences in schema ebb, public from ${everybody}`,
    `revoke all on all routines in schema ebb from public, ${everybody}`,
    `alter default privileges in schema public revoke all on tables from ${everybody}`,
    `alter default privileges in schema public revoke all on sequences from ${everybody}`,
    `grant usage on schema ebb to ${everybody}`,
    ...granted,
  ]
  await client.query(statements.join(';\n'))
}

function grantsOf(part: Part, role: string): readonly string[] {
  const tables = Object.entries(TABLES).flatMap(([table, privileges]) =>
    (privileges[part] ?? []).map((privilege) => `grant ${privilege} on ebb.${table} to ${role}`),
  )
  const routines = Object.entries(ROUTINES).flatMap(([routine, parts]) =>
    parts.includes(part) ? [`grant execute on function ebb.${routine} to ${role}`] : [],
  )
  return [...tables, ...routines, ...(part === 'functions' ? teamGrants(role) : [])]
}

/** The team's tables, those to come as well: every row, and no table. */
const teamGrants = (role: string): readonly string[] => [
  `grant usage on schema public to ${role}`,
  `grant select, insert, update, delete on all tables in schema public to ${role}`,
  `grant usage on all sequences in schema public to ${role}`,
  `alter default privileges in schema public grant select, insert, update, delete on tables to ${role}`,
  `alter default privileges in schema public grant usage on sequences to ${role}`,
  `revoke all on public.schema_version from ${role}`,
]

async function refuseMissing(client: pg.ClientBase, names: readonly string[]) {
  const { rows } = await client.query<{ rolname: string }>('select rolname from pg_roles where rolname = any($1)', [
    names,
  ])
  const missing = names.filter((name) => !rows.some(({ rolname }) => rolname === name))
  if (missing.length === 0) return
  throw new ConfigFault(
    `the database has no role ${missing.join(', ')}: make it first (create role … login password …).`,
  )
}

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
