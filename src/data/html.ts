const HTML = Symbol('ebb.html')

/**
 * A piece of HTML: only `html` makes one, and nothing that was read from JSON can pass for it.
 * @example const greeting: Html = html`<p>Hello ${'Ada'}</p>`
 */
export interface Html {
  /** Known to this module only. */
  readonly [HTML]: string
}

/**
 * HTML as a tagged template: each value is text, and escaped, in elements and in quoted attributes; pieces of HTML, and lists of them,
 * stay what they are. For mails: `mail.send({ html: html\`…\` })`. A value in a `style`, a `script` or an address needs care of its own.
 * @example
 * const list = (names: readonly string[]) => html`<ul>${names.map((name) => html`<li>${name}</li>`)}</ul>`
 * @see docs/guide/05-events.md
 */
export function html(text: TemplateStringsArray, ...values: readonly unknown[]): Html {
  return { [HTML]: text.reduce((written, part, i) => `${written}${write(values[i - 1])}${part}`) }
}

/** The text of a piece of HTML. Throws a TypeError for anything else, a string too: it may be anybody's. */
export function textOf(piece: Html): string {
  const text: unknown = Object(piece)[HTML]
  if (typeof text === 'string') return text
  throw new TypeError('the html of a mail must be made by html`…` of ebb/data, which escapes what is put into it')
}

function write(value: unknown): string {
  if (Array.isArray(value)) return value.map(write).join('')
  const text: unknown = Object(value)[HTML]
  if (typeof text === 'string') return text
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return String(value).replaceAll(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
  throw new TypeError(
    `a value in html\`…\` is a ${value === null ? 'null' : typeof value}: give a text, a number or html\`…\``,
  )
}
