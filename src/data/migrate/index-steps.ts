import { ConfigError } from '../../kernel/index.ts'

/** The name of an index or a table, as Postgres has it. */
export interface QualifiedName {
  readonly schema: string
  readonly name: string
}

/** A statement that runs outside of any transaction. */
export interface IndexStep {
  readonly kind: 'create' | 'drop'
  readonly index: QualifiedName
  /** With all names qualified: what runs outside of a transaction has the search path of its role. */
  readonly text: string
  /** Whether it says `if not exists` or `if exists`. */
  readonly isConditional: boolean
}

const NAME = '(?:"(?:[^"]|"")+"|[\\p{L}_][\\p{L}\\d_$]*)'
const QUALIFIED = `(?:${NAME}\\s*\\.\\s*)?${NAME}`
const CONCURRENTLY = /^(create\s+(unique\s+)?|drop\s+)index\s+concurrently\b/i
const CREATE = new RegExp(
  `^create\\s+(unique\\s+)?index\\s+concurrently\\s+(if\\s+not\\s+exists\\s+)?(${NAME})\\s+on\\s+(only\\s+)?(${QUALIFIED})`,
  'iu',
)
const DROP = new RegExp(`^drop\\s+index\\s+concurrently\\s+(if\\s+exists\\s+)?(${QUALIFIED})(\\s+restrict)?$`, 'iu')

/**
 * The steps of a migration that builds or drops indexes `concurrently`; undefined for any other, which runs in a transaction.
 * Throws a ConfigError where a file has such a statement beside others, since only these can be resumed after a crash.
 */
export function readIndexSteps(file: string, sql: string): readonly IndexStep[] | undefined {
  const statements = splitStatements(sql)
  if (!statements.some((text) => CONCURRENTLY.test(text))) return undefined
  return statements.map((text) => {
    const step = readCreate(text) ?? readDrop(text)
    if (step) return step
    const start = text.slice(0, 60).replaceAll(/\s+/g, ' ')
    throw new ConfigError(
      `${file}: \`concurrently\` runs outside of a transaction, so such a file has only \`create index concurrently NAME on …\` and \`drop index concurrently NAME\`; move \`${start}\` to a file of its own.`,
    )
  })
}

function readCreate(text: string): IndexStep | undefined {
  const [head, unique = '', condition, name, only = '', on] = CREATE.exec(text) ?? []
  // `on` here is the word: the index has no name by which it could be found again.
  if (head === undefined || name === undefined || on === undefined || name.toLowerCase() === 'on') return undefined
  const table = readName(on)
  const index = { schema: table.schema, name: unquote(name) }
  const rest = text.slice(head.length)
  return {
    ...{ kind: 'create', index, isConditional: condition !== undefined },
    text: `create ${unique}index concurrently ${quote(index.name)} on ${only}${quoteName(table)}${rest}`,
  }
}

function readDrop(text: string): IndexStep | undefined {
  const [, condition, name] = DROP.exec(text) ?? []
  if (name === undefined) return undefined
  const index = readName(name)
  return { kind: 'drop', index, isConditional: condition !== undefined, text: dropText(index) }
}

/** The statement that drops an index without keeping anyone from its table. */
export const dropText = (index: QualifiedName): string => `drop index concurrently if exists ${quoteName(index)}`

/** Where no schema is named, it is the one that migrations work in. */
const DEFAULT_SCHEMA = 'public'

function readName(text: string): QualifiedName {
  const [first = '', second] = text.match(new RegExp(NAME, 'gu')) ?? []
  if (second === undefined) return { schema: DEFAULT_SCHEMA, name: unquote(first) }
  return { schema: unquote(first), name: unquote(second) }
}

/** As Postgres reads it: what is not quoted is in lower case. */
const unquote = (name: string) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase())
const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
const quoteName = ({ schema, name }: QualifiedName) => `${quote(schema)}.${quote(name)}`

/** A comment, a text, a name in quotes, a body between dollars, or the end of a statement. */
const TOKEN = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$(?:[\p{L}_][\p{L}\d_]*)?\$)[\s\S]*?\1|;/gu

/** The statements of a script, without comments. */
function splitStatements(sql: string): readonly string[] {
  const statements = ['']
  const add = (text: string) => {
    statements[statements.length - 1] += text
  }
  let end = 0
  for (const { 0: token, index } of sql.matchAll(TOKEN)) {
    add(sql.slice(end, index))
    end = index + token.length
    if (token === ';') statements.push('')
    else add(/^(--|\/\*)/.test(token) ? ' ' : token)
  }
  add(sql.slice(end))
  return statements.map((text) => text.trim()).filter((text) => text !== '')
}
