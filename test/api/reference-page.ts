/** Of API Extractor's model (api-extractor-model), as much as is read here. */
export interface ApiItem {
  readonly kind: string
  readonly name?: string
  readonly docComment?: string
  readonly excerptTokens?: readonly { readonly text: string }[]
  readonly propertyTypeTokenRange?: { readonly startIndex: number; readonly endIndex: number }
  readonly isOptional?: boolean
  readonly members?: readonly ApiItem[]
}

/** What stands at the top of a page of the reference. */
export interface PageHead {
  readonly module: string
  readonly title: string
  readonly intro: string
}

/** A page of docs/reference: what a module exports, by the doc comments of the code; first what is called, then the types. */
export function referencePage({ module, title, intro }: PageHead, items: readonly ApiItem[]): string {
  const types = items.filter(isType)
  const values = items.filter((item) => !isType(item))
  return `# ${title}: \`${module}\`

${intro} This page is written from the doc comments of the code by \`npm test -- test/api -u\`.

${values.map(section).join('\n')}
${types.length > 0 ? '# Types\n\n' : ''}${types.map(section).join('\n')}`
}

const isType = ({ kind }: ApiItem) => kind === 'Interface' || kind === 'TypeAlias'

function section(item: ApiItem): string {
  const { text, example, sees } = readComment(item.docComment)
  return [
    `## ${item.name}\n`,
    `${text}\n`,
    `\`\`\`ts\n${signature(item)}\n\`\`\`\n`,
    ...(item.members && item.members.length > 0 ? [`${memberTable(item.members)}\n`] : []),
    ...(example ? [`Example:\n\n\`\`\`ts\n${indent(example)}\n\`\`\`\n`] : []),
    ...(sees.length > 0 ? [`See ${sees.map(link).join(', ')}.\n`] : []),
  ].join('\n')
}

/** The declaration; of an interface or class its head, since its members are in a table. */
function signature({ kind, excerptTokens = [] }: ApiItem): string {
  const text = excerptTokens
    .map((token) => token.text)
    .join('')
    .trim()
  return kind === 'Interface' || kind === 'Class' ? text.replace(/\s*\{?$/, '') : text
}

function memberTable(members: readonly ApiItem[]): string {
  const rows = members.map((member) => {
    const { text } = readComment(member.docComment)
    return `| ${nameOf(member)} | ${cell(`\`${typeOf(member)}\``)} | ${cell(text)} |`
  })
  return ['| member | type | what it is |', '| --- | --- | --- |', ...rows].join('\n')
}

function nameOf({ kind, name, isOptional }: ApiItem): string {
  if (kind === 'Constructor') return '`new`'
  if (kind === 'CallSignature') return 'called'
  return `\`${name}${isOptional ? '?' : ''}\``
}

/** The type of a property, or the whole of a method. */
function typeOf({ excerptTokens = [], propertyTypeTokenRange: range }: ApiItem): string {
  const tokens = range ? excerptTokens.slice(range.startIndex, range.endIndex) : excerptTokens
  return tokens
    .map(({ text }) => text)
    .join('')
    .replaceAll(/\s+/g, ' ')
    .replace(/;$/, '')
    .trim()
}

const cell = (text: string) => text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')

/** A doc comment in its parts: what it promises, an example, and where to read on. */
export function readComment(docComment = '') {
  const plain = docComment
    .replace(/^\s*\/\*\*\s?/, '')
    .replace(/\s*\*\/\s*$/, '')
    .replaceAll(/^[ \t]*\* ?/gm, '')
    .replaceAll(/\{@link ([^}]+)\}/g, '`$1`')
  const [text = '', ...tags] = plain.split(/^@(?=example|see|public)/m)
  const ofTag = (tag: string) =>
    tags.filter((part) => part.startsWith(tag)).map((part) => part.slice(tag.length).trim())
  return { text: text.trim(), example: ofTag('example')[0] ?? '', sees: ofTag('see') }
}

/** Indents an example again: of the spaces before a line the model has kept one. */
function indent(code: string): string {
  let depth = 0
  const lines = code.split('\n').map((line) => {
    const text = line.trim()
    const [closers = ''] = /^[)\]}]*/.exec(text) ?? []
    const at = Math.max(depth - closers.length, line.startsWith(' ') ? 1 : 0)
    for (const character of text) depth += '([{'.includes(character) ? 1 : ')]}'.includes(character) ? -1 : 0
    return '  '.repeat(Math.max(at, 0)) + text
  })
  return lines.join('\n')
}

/** `docs/values.md#what-goes-in` as a link from docs/reference. */
function link(reference: string): string {
  if (/^https?:/.test(reference)) return `<${reference}>`
  const path = reference.replace(/^docs\//, '')
  const [, name = path] = /(?:\d+-)?([\w-]+)\.md/.exec(path) ?? []
  return `[${name.replaceAll('-', ' ')}](../${path})`
}
