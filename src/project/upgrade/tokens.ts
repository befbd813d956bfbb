/** A token of TypeScript: all tokens together are the source. */
export interface Token {
  readonly kind: 'name' | 'string' | 'template' | 'regex' | 'number' | 'sign' | 'blank'
  readonly text: string
  readonly line: number
}

/** A token that is not blank, with its index among all tokens. */
export type Place = Token & { readonly index: number }

/**
 * Splits a source into tokens, so that a name can be replaced where it is one: not in a string, a comment or a regular
 * expression. Undefined for a source that it cannot follow, which is one that no compiler takes, or has a `/` that only a parser
 * tells from a division.
 */
export function tokenize(source: string): readonly Token[] | undefined {
  const tokens: Token[] = []
  /** For each open `${` the number of braces that are open in it. */
  const templates: number[] = []
  let [at, line, before] = [0, 1, '']
  while (at < source.length) {
    const isTemplateRest = source[at] === '}' && templates.at(-1) === 0
    if (isTemplateRest) templates.pop()
    const kind = isTemplateRest || source[at] === '`' ? 'template' : kindAt(source, at, before)
    const text = kind && matchAt(PATTERNS[kind], source, at)
    if (!kind || !text) return undefined
    if (kind === 'template' && text.endsWith('${')) templates.push(0)
    if (kind === 'sign' && templates.length > 0) {
      const depth = templates.length - 1
      templates[depth] = (templates[depth] ?? 0) + (text === '{' ? 1 : text === '}' ? -1 : 0)
    }
    tokens.push({ kind, text, line })
    if (kind !== 'blank') before = text
    at += text.length
    line += text.split('\n').length - 1
  }
  return templates.length === 0 ? tokens : undefined
}

const PATTERNS = {
  blank: /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y,
  name: /[#\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy,
  string: /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y,
  template: /[`}](?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y,
  regex: /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y,
  number: /\.?\d[\w.]*/y,
  sign: /\?\.(?!\d)|=>|[!=]==?|\.\.\.|\+\+|--|[\s\S]/y,
} as const

function matchAt(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(source)?.[0]
}

function kindAt(source: string, at: number, before: string): Token['kind'] | undefined {
  const [first = '', second = ''] = source.slice(at, at + 2)
  if (/\s/.test(first) || (first === '/' && /[/*]/.test(second))) return 'blank'
  if (first === '"' || first === "'") return 'string'
  if (first === '/') return isValueBefore(before) ? 'sign' : 'regex'
  if (/\d/.test(first) || (first === '.' && /\d/.test(second))) return 'number'
  return matchAt(PATTERNS.name, source, at) ? 'name' : 'sign'
}

/** Whether a `/` after this token divides: after a value, and not after a word that a value follows. */
function isValueBefore(before: string): boolean {
  if (/^(return|typeof|case|in|of|delete|void|throw|new|instanceof|else|do|yield|await|extends)$/.test(before))
    return false
  return /([\p{ID_Continue}$)\]}'"`/]|\+\+|--)$/u.test(before)
}
