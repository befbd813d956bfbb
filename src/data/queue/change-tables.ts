import type pg from 'pg'
import type { ChangeSelection } from '../../contract/index.ts'
import { nameColumns } from '../values/read-rows.ts'
import { ValueError } from '../values/value-type.ts'

/** A table that contracts name, and what is wrong with it; no problem where nothing is. */
export interface InspectedTable {
  readonly name: string
  readonly problem: string | undefined
  /** It is read all the same: what is wrong is about one contract, whose events are dead letters until it is mended. */
  readonly isRead?: boolean
}

/** Looks at each table that is named, and finds what is in the way of its changes becoming events: one sentence, which says what to do. */
export async function inspectTables(
  pool: pg.Pool,
  selections: readonly ChangeSelection[],
): Promise<readonly InspectedTable[]> {
  const names = [...new Set(selections.map(({ table }) => table))]
  if (names.length === 0) return []
  const { rows } = await pool.query<TableRow>(inspectSql, [names])
  return rows.map((row) => {
    const of = selections.filter(({ table }) => table === row.name)
    const problem = findProblem(row, of)
    return problem ? { name: row.name, problem } : { name: row.name, problem: findColumnProblem(row, of), isRead: true }
  })
}

interface TableRow {
  readonly name: string
  /** As pg_class has it; null where there is no such table. */
  readonly kind: string | null
  readonly persistence: string | null
  readonly has_key: boolean
  /** The table, or one of its partitions, does not have all of the old row. */
  readonly without_old_rows: string | null
  readonly columns: readonly { readonly name: string; readonly type: string }[]
}

/** By the catalogue alone: the relay may look into no table, and names of schemas that it may not use would be unknown to it. */
const inspectSql = /* sql */ `
select name, relkind as kind, relpersistence as persistence,
       exists (select from pg_index where indrelid = class and indisprimary) as has_key,
       (
         select string_agg(format('alter table %s replica identity full', leaf.oid::regclass), '; ' order by leaf.oid)
         from pg_class as leaf
         where leaf.relkind = 'r' and leaf.relreplident <> 'f'
           and (leaf.oid = class or leaf.oid in (select relid from pg_partition_tree(class)))
       ) as without_old_rows,
       coalesce((
         select jsonb_agg(jsonb_build_object('name', attname, 'type', format_type(atttypid, null)) order by attnum)
         from pg_attribute where attrelid = class and attnum > 0 and not attisdropped
       ), '[]') as columns
from (
  select named.name, found.oid as class
  from unnest($1::text[]) as named (name)
  left join pg_namespace as schema on schema.nspname = case when named.name like '%.%' then split_part(named.name, '.', 1) else 'public' end
  left join pg_class as found on found.relnamespace = schema.oid and found.relname = regexp_replace(named.name, '^.*\\.', '')
) as named left join pg_class on pg_class.oid = class
order by name collate "C"`

function findProblem(
  { kind, persistence, has_key: hasKey, without_old_rows: withoutOldRows }: TableRow,
  selections: readonly ChangeSelection[],
): string | undefined {
  if (kind === null) return 'there is no such table; was it renamed?'
  if (kind !== 'r' && kind !== 'p') return 'it is no table; name the tables below it'
  if (persistence !== 'p') return 'it is unlogged or temporary, and has no changes in the log'
  if (!hasKey) return 'it has no primary key, by which its events are told apart; give it one'
  const readsOld = selections.some(({ operations }) => operations.some((one) => one === 'update' || one === 'delete'))
  if (readsOld && withoutOldRows !== null) {
    return `the log has no old rows of it: write \`${withoutOldRows}\` in a migration, or take \`operations: ['insert']\``
  }
  return undefined
}

function findColumnProblem({ columns }: TableRow, selections: readonly ChangeSelection[]): string | undefined {
  try {
    const names = nameColumns(columns.map(({ name }) => ({ name, dataTypeID: 0 })))
    for (const name of new Set(selections.flatMap(({ row }) => row))) {
      const column = columns[names.indexOf(name)]
      if (!column) return `it has no column for \`${name}\` of \`row\`; there are ${names.join(', ')}`
      if (column.type.startsWith('bytea'))
        return `its column ${column.name} is bytea, which JSON cannot carry; take it out of \`row\``
    }
    return undefined
  } catch (error) {
    if (error instanceof ValueError) return error.message
    throw error
  }
}

/**
 * Has the publication hold these tables, besides those that another relay has named within `forgetAfterMs`. Resolves to what it holds.
 */
export async function publishTables(
  pool: pg.Pool,
  names: readonly string[],
  forgetAfterMs: number,
): Promise<readonly InspectedTable[]> {
  const { rows } = await pool.query<{ name: string; problem: string | null }>(
    'select name, problem from ebb.publish_changes($1, $2)',
    [names, forgetAfterMs],
  )
  return rows.map(({ name, problem }) => ({ name, problem: problem ?? undefined }))
}

/** The columns of a table's primary key, in their order: names as the database has them. */
export async function findKeyColumns(pool: pg.Pool, tableId: number): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select attname as name from pg_index cross join unnest(indkey) with ordinality as part (attnum, place)
     join pg_attribute on attrelid = indrelid and pg_attribute.attnum = part.attnum
     where indrelid = $1 and indisprimary order by place`,
    [tableId],
  )
  return rows.map(({ name }) => name)
}
