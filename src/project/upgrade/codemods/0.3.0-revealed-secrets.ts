import type { Codemod } from '../codemod.ts'
import { type Place, type Token, tokenize } from '../tokens.ts'

/** What contracts call secrets. */
const SECRET_NAME = /^[A-Z][A-Z0-9_]*$/

/** Has handlers reveal a secret where they use it: until 0.3.0 it was its text. */
export const revealedSecrets: Codemod = {
  version: '0.3.0',
  summary: 'secrets that are revealed where they are used',
  apply: async ({ files, read, write }) => {
    const notes: string[] = []
    for (const file of files) {
      const source = await read(file)
      if (!/\bsecrets\b/.test(source)) continue
      const tokens = tokenize(source)
      if (!tokens) {
        notes.push(`${file} cannot be read: write secrets.NAME.reveal() in it by hand`)
        continue
      }
      const places = tokens.flatMap((token, index) => (token.kind === 'blank' ? [] : [{ ...token, index }]))
      const text = reveal(tokens, places)
      if (text !== source) await write(file, text)
      notes.push(...findUnnamed(places).map((line) => `${file}:${line}: ${UNNAMED}`))
    }
    return notes
  },
}

const UNNAMED = 'secrets are objects now: write .reveal() where the value of each is used'

/** `secrets.NAME` becomes `secrets.NAME.reveal()`, unless that stands there already. */
function reveal(tokens: readonly Token[], places: readonly Place[]): string {
  const texts = tokens.map(({ text }) => text)
  for (const [at, { text }] of places.entries()) {
    if (text !== 'secrets') continue
    const [dot, name, next, after] = places.slice(at + 1, at + 5)
    if (!name || !isDot(dot) || !SECRET_NAME.test(name.text) || (isDot(next) && after?.text === 'reveal')) continue
    texts[name.index] = `${name.text}.reveal()`
  }
  return texts.join('')
}

const isDot = (place: Place | undefined) => place?.text === '.' || place?.text === '?.'

/** The lines that take secrets out of `secrets`, as in `const { KEY } = secrets` or `secrets: { KEY }`. */
function findUnnamed(places: readonly Place[]): readonly number[] {
  const textAt = (at: number) => places[at]?.text ?? ''
  return places.flatMap(({ text, line }, at) => {
    if (text !== 'secrets') return []
    const isNested = textAt(at + 1) === ':' && textAt(at + 2) === '{' && SECRET_NAME.test(textAt(at + 3))
    const isTaken = textAt(at - 1) === '=' && textAt(at - 2) === '}'
    const isIndexed = textAt(at + 1) === '['
    return isNested || isTaken || isIndexed ? [line] : []
  })
}
