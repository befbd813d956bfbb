import type pg from 'pg'
import { ConfigError } from '../../kernel/index.ts'

/**
 * Throws a ConfigError where a role that functions log in as could read the rows of every tenant: row-level security does
 * not hold for it, or it may turn that off. To be called after the migrations; it asks for nothing while no table is a tenant's.
 */
export async function requireTenantIsolation(client: pg.ClientBase, functionRoles: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ readonly name: string }>(findUnboundRolesSql, [functionRoles])
  const [unbound] = rows
  if (!unbound) return
  throw new ConfigError(
    `functions log in as ${unbound.name}, which can read the rows of every tenant, since it or a role that it is a member of ` +
      'is a superuser, has BYPASSRLS or owns the tables: give them a role of their own (EBB_FUNCTIONS_ROLE) that has none of these',
  )
}

/**
 * The same where no role is known that functions log in as, so that it may be this one. It may own the tables, which a laptop
 * with a database of its own cannot help, and is told so; it may not be one that row-level security does not hold for.
 */
export async function requireOwnIsolation(client: pg.ClientBase): Promise<readonly string[]> {
  const { rows } = await client.query<{ readonly bypasses: boolean }>(`
    select rolsuper or rolbypassrls as bypasses from pg_roles
    where rolname = current_user and exists (select from pg_policy where polname = 'ebb_tenant_select')`)
  if (rows[0]?.bypasses) {
    throw new ConfigError(
      'this login can read the rows of every tenant, and functions may have it as well: say in EBB_FUNCTIONS_ROLE which role they ' +
        'log in as, one that is no superuser, has no BYPASSRLS and does not own the tables',
    )
  }
  if (rows.length === 0) return []
  return [
    'functions that log in as the owner of the tables can turn row-level security off: name their role in EBB_FUNCTIONS_ROLE',
  ]
}

/** Which of these roles ($1) row-level security does not hold for, of one table of a tenant at least. */
const findUnboundRolesSql = /* sql */ `
select role.rolname as name
from pg_roles as role
where role.rolname = any ($1) and exists (
  select from pg_policy join pg_class as tenant_table on tenant_table.oid = polrelid
  join pg_roles as other on other.rolsuper or other.rolbypassrls or other.oid = relowner
  where polname = 'ebb_tenant_select' and pg_has_role(role.oid, other.oid, 'member')
)`

/** What could show one tenant's rows to another in this database, a sentence each; none before migration 0016. */
export async function findTenantLeaks(client: pg.ClientBase): Promise<readonly string[]> {
  const known = await client.query(`select from pg_proc where oid = to_regprocedure('ebb.find_tenant_leaks()')`)
  if (known.rowCount === 0) return []
  const { rows } = await client.query<Leak>('select relation, advice from ebb.find_tenant_leaks()')
  return rows.map(({ relation, advice }) => `tenants could see each other's rows in ${relation}: ${advice}`)
}

interface Leak {
  readonly relation: string
  readonly advice: string
}
