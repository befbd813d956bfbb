import type { ClientBase } from 'pg'

/** What a release before may rely on in the schema `ebb`: each part by its name, and what is so of it. */
export interface Schema {
  /** Tables, views, sequences, columns, functions and unique keys, with their types and results. */
  readonly parts: ReadonlyMap<string, string>
  /** Columns that a row cannot be written without. */
  readonly required: ReadonlySet<string>
  /** What refuses rows, by its definition, with the columns that it is about. */
  readonly rules: ReadonlyMap<string, readonly string[]>
}

const PARTS = `
  select case relkind when 'v' then 'view' when 'm' then 'view' when 'S' then 'sequence' else 'table' end || ' ' || relname as name,
    '' as is
  from pg_class where relnamespace = 'ebb'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
  union all
  select 'column ' || relname || '.' || attname, 'of type ' || format_type(atttypid, atttypmod)
  from pg_attribute join pg_class on pg_class.oid = attrelid
  where relnamespace = 'ebb'::regnamespace and relkind in ('r', 'p', 'v', 'm') and attnum > 0 and not attisdropped
  union all
  select 'function ' || pg_proc.oid::regprocedure, 'with the result ' || pg_get_function_result(pg_proc.oid)
  from pg_proc where pronamespace = 'ebb'::regnamespace
  union all
  select 'unique key ' || regexp_replace(pg_get_indexdef(indexrelid), '^.* ON ', ''), ''
  from pg_index join pg_class on pg_class.oid = indrelid where relnamespace = 'ebb'::regnamespace and indisunique`

const REQUIRED = `
  select relname || '.' || attname as name
  from pg_attribute join pg_class on pg_class.oid = attrelid
  where relnamespace = 'ebb'::regnamespace and relkind in ('r', 'p') and attnum > 0 and not attisdropped
    and attnotnull and not atthasdef and attidentity = ''`

/** What happens to rows that refer to one that changes, and whether old rows were looked at, refuses nothing. */
const RULES = `
  select relname || ' ' || regexp_replace(definition, ' (ON (UPDATE|DELETE) (CASCADE|RESTRICT|NO ACTION|SET NULL|SET DEFAULT)|NOT VALID)', '', 'g') as name,
    array(select relname || '.' || attname from pg_attribute where attrelid = rel and attnum = any (columns)) as columns
  from (
    select conrelid, pg_get_constraintdef(oid), conkey from pg_constraint where contype in ('c', 'f', 'x') and conrelid <> 0
    union all
    select indrelid, pg_get_indexdef(indexrelid), indkey::smallint[] from pg_index where indisunique
  ) as rule (rel, definition, columns) join pg_class on pg_class.oid = rel
  where relnamespace = 'ebb'::regnamespace`

/** Reads what the database has now. */
export async function readSchema(client: ClientBase): Promise<Schema> {
  const [parts, required, rules] = [await client.query(PARTS), await client.query(REQUIRED), await client.query(RULES)]
  return {
    parts: new Map(parts.rows.map(({ name, is }) => [name, is])),
    required: new Set(required.rows.map(({ name }) => name)),
    rules: new Map(rules.rows.map(({ name, columns }) => [name, columns])),
  }
}

/** What a program that fitted one schema cannot do, or cannot rely on, in the other: a sentence each. */
export function schemaBreaks(before: Schema, after: Schema): readonly string[] {
  const isOld = (column: string) => before.parts.has(`column ${column}`)
  const isOfOldTable = (column: string) => before.parts.has(`table ${column.split('.')[0]}`)
  const changed = [...before.parts].flatMap(([name, is]) => {
    const now = after.parts.get(name)
    if (now === undefined) return `${name} is gone`
    return now === is ? [] : `${name} was ${is} and is ${now}`
  })
  const required = [...after.required]
    .filter((column) => isOfOldTable(column) && !before.required.has(column))
    .map((column) => `column ${column} has to be written now`)
  const refused = [...after.rules]
    .filter(([name, columns]) => !before.rules.has(name) && columns.some(isOld))
    .map(([name]) => `rows are refused by a new rule: ${name}`)
  return [...changed, ...required, ...refused]
}

const FUNCTION =
  /\bcreate\s+(or\s+replace\s+)?(function|procedure)\b[\s\S]*?(\$(\w*)\$[\s\S]*?\$\4\$|\bbegin\s+atomic\b[\s\S]*?\bend\s*;)/gi

/** The statements of a migration that take rows away when it runs; not those of the functions that it creates. */
export const lostRows = (sql: string): readonly string[] =>
  [
    ...sql
      .replaceAll(/--.*$/gm, '')
      .replaceAll(FUNCTION, '')
      .matchAll(/\b(truncate|delete\s+from)\s+(only\s+)?(table\s+)?[\w.]+/gi),
  ].map(([statement]) => `rows are lost: ${statement.replaceAll(/\s+/g, ' ')}`)
