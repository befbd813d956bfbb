import { findImports, type ImportedName } from './find-imports.ts'
import { type Place, tokenize } from './tokens.ts'

/** The public names that a version renames, and those that it takes away. */
export interface Renames {
  /** An export, or `Type.member`, and what it is called now. */
  readonly renamed: readonly { readonly module: string; readonly name: string; readonly to: string }[]
  /** Texts that a program may compare with. */
  readonly values: readonly {
    readonly module: string
    readonly name: string
    readonly from: string
    readonly to: string
  }[]
  readonly removed: readonly { readonly module: string; readonly names: readonly string[]; readonly instead: string }[]
}

/** A source with its names replaced, and a sentence for each place that is left to a person. */
interface Renamed {
  readonly text: string
  readonly notes: readonly string[]
}

/**
 * Replaces the names that a source imports, token by token: where a new name is taken already, or a name stands for a property,
 * too, only the import changes (`import { New as Old }`). To repeat it changes nothing more.
 */
export function renameNames(file: string, source: string, { renamed, values, removed }: Renames): Renamed {
  const all = tokenize(source)
  if (!all)
    return { text: source, notes: mentionsAny(source, renamed) ? [`${file} cannot be read: rename in it by hand`] : [] }
  const places = all.flatMap((token, index) => (token.kind === 'blank' ? [] : [{ ...token, index }]))
  const texts = all.map(({ text }) => text)
  const imports = findImports(places)
  const edit: Edit = {
    places,
    imports,
    replace: (place, text) => {
      texts[place.index] = text
    },
  }
  for (const { module, name, to } of renamed) {
    const [type = '', member] = name.split('.')
    if (member === undefined) renameExport(edit, { module, name, to })
    else if (importsAny(imports, module, [type, type.charAt(0).toLowerCase() + type.slice(1)])) {
      renameMember(edit, member, to)
    }
  }
  const notes = [...values.flatMap((value) => renameValue(edit, file, value)), ...findRemoved(file, imports, removed)]
  return { text: texts.join(''), notes }
}

interface Edit {
  readonly places: readonly Place[]
  readonly imports: readonly ImportedName[]
  replace(place: Place, text: string): void
}

const importsAny = (imports: readonly ImportedName[], module: string, names: readonly string[]) =>
  imports.some((found) => found.module === module && names.includes(found.name))

const mentionsAny = (source: string, renamed: Renames['renamed']) =>
  renamed.some(({ module, name }) => source.includes(module) && source.includes(name.split('.').at(-1) ?? name))

function renameExport({ places, imports, replace }: Edit, rename: { module: string; name: string; to: string }): void {
  const { module, name, to } = rename
  for (const found of imports.filter((one) => one.module === module && one.name === name)) {
    if (found.isAliased) {
      replace(found.place, to)
      continue
    }
    const uses = places.filter((place, i) => place.kind === 'name' && place.text === name && !isMember(places, i))
    const isFree = !places.some(({ text }) => text === to)
    const isPlain = uses.every((place) => place === found.place || !isPropertyName(places, places.indexOf(place)))
    if (isFree && isPlain && !found.isExported) for (const place of uses) replace(place, to)
    else replace(found.place, `${to} as ${name}`)
  }
}

const isMember = (places: readonly Place[], i: number) => /^(\?\.|\.)$/.test(places[i - 1]?.text ?? '')

/** Whether a name is a property's as well: `{ name }`, `{ name: value }`, `export { name }`. */
function isPropertyName(places: readonly Place[], i: number): boolean {
  const [before, after] = [places[i - 1]?.text ?? '', places[i + 1]?.text ?? '']
  return /^[{,]$/.test(before) && /^[},:(]$/.test(after) && openBracketAt(places, i) === '{'
}

function renameMember({ places, replace }: Edit, member: string, to: string): void {
  for (const [i, place] of places.entries()) {
    if (place.kind !== 'name' || place.text !== member) continue
    const after = places[i + 1]?.text ?? ''
    if (isMember(places, i) || isDefinition(places, i)) replace(place, to)
    // What was short for two names, of the property and of a variable, is both now.
    else if (isPropertyName(places, i) && /^[},]$/.test(after)) replace(place, `${to}: ${member}`)
  }
}

/** Whether a name defines a property or a method in braces: `name: …`, `async name(…) {`. */
function isDefinition(places: readonly Place[], i: number): boolean {
  const [before, after] = [places[i - 1]?.text ?? '', places[i + 1]?.text ?? '']
  if (!/^([{},;]|async|readonly)$/.test(before) || openBracketAt(places, i) !== '{') return false
  if (after === ':') return /^([{,]|readonly)$/.test(before)
  if (after !== '(') return false
  const next = places[closeBracketAt(places, i + 1) + 1]?.text ?? ''
  return next === '{' || next === ':'
}

const isOpen = ({ kind, text }: Place) =>
  (kind === 'sign' && /^[([{]$/.test(text)) || (kind === 'template' && text.endsWith('${'))
const isClose = ({ kind, text }: Place) =>
  (kind === 'sign' && /^[)\]}]$/.test(text)) || (kind === 'template' && text.startsWith('}'))

/** The bracket that is open at a place. */
function openBracketAt(places: readonly Place[], at: number): string | undefined {
  for (let i = at - 1, depth = 0; i >= 0; i -= 1) {
    const place = places[i]
    if (!place) break
    if (isOpen(place) && depth-- === 0) return place.text
    if (isClose(place)) depth += 1
  }
  return undefined
}

/** The place that closes the bracket at a place. */
function closeBracketAt(places: readonly Place[], at: number): number {
  for (let i = at, depth = 0; i < places.length; i += 1) {
    const place = places[i]
    if (place && isOpen(place)) depth += 1
    if (place && isClose(place) && --depth === 0) return i
  }
  return places.length
}

function renameValue(
  { places, imports, replace }: Edit,
  file: string,
  { name, from, to }: Renames['values'][number],
): readonly string[] {
  const isOfEbb = imports.some(({ module }) => module.startsWith('ebb/'))
  return places.flatMap((place, i) => {
    if (place.kind !== 'string' || place.text.slice(1, -1) !== from) return []
    const [subject, operator] = [places[i - 2]?.text, places[i - 1]?.text ?? '']
    if (!/^[!=]==?$/.test(operator) || subject !== name.split('.').at(-1)) {
      return isOfEbb ? [`${file}:${place.line}: '${from}' is '${to}' now, where it is ${name}`] : []
    }
    replace(place, place.text.replace(from, to))
    return []
  })
}

function findRemoved(file: string, imports: readonly ImportedName[], removed: Renames['removed']): readonly string[] {
  return removed.flatMap(({ module, names, instead }) =>
    imports
      .filter((found) => found.module === module && names.includes(found.name))
      .map(({ name, place }) => `${file}:${place.line}: ${name} is gone from ${module}. ${instead}`),
  )
}
