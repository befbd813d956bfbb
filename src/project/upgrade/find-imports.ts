import type { Place } from './tokens.ts'

/** A name that a source imports from a module, or exports from it. */
export interface ImportedName {
  readonly module: string
  /** As the module calls it. */
  readonly name: string
  /** Where that name stands. */
  readonly place: Place
  /** The source calls it something else. */
  readonly isAliased: boolean
  /** It is exported from the module, under the name that it has there, or another one. */
  readonly isExported: boolean
}

/**
 * Finds the names that a source imports one by one (`import { a } from 'm'`), by way of a namespace (`import * as n`, then `n.a`),
 * from a type (`import('m').a`), and those that it exports from a module (`export { a } from 'm'`).
 */
export function findImports(places: readonly Place[]): readonly ImportedName[] {
  return places.flatMap((place, i) => {
    if (place.kind !== 'name' || !/^(import|export)$/.test(place.text) || /^\??\.$/.test(places[i - 1]?.text ?? ''))
      return []
    if (place.text === 'import' && places[i + 1]?.text === '(') return findTypeImport(places, i)
    const end = places.findIndex((other, k) => k > i && other.text === 'from' && places[k + 1]?.kind === 'string')
    const clause = places.slice(i + 1, end)
    // What is between is a clause, and not code that another import follows.
    if (end < 0 || clause.some(({ kind, text }) => kind !== 'name' && !/^[{},*]$/.test(text))) return []
    if (place.text === 'export' && !/^([{*]|type)$/.test(clause[0]?.text ?? '')) return []
    const module = places[end + 1]?.text.slice(1, -1) ?? ''
    const isExported = place.text === 'export'
    return [...findNamed(clause, module, isExported), ...(isExported ? [] : findByNamespace(places, clause, module))]
  })
}

function findNamed(clause: readonly Place[], module: string, isExported: boolean): readonly ImportedName[] {
  const open = clause.findIndex(({ text }) => text === '{')
  if (open < 0) return []
  const specifiers: Place[][] = [[]]
  for (const place of clause.slice(open + 1)) {
    if (place.text === ',' || place.text === '}') specifiers.push([])
    else specifiers.at(-1)?.push(place)
  }
  return specifiers.flatMap((specifier) => {
    const words = specifier[0]?.text === 'type' && specifier.length % 2 === 0 ? specifier.slice(1) : specifier
    const [name] = words
    return name ? [{ module, name: name.text, place: name, isAliased: words.length > 1, isExported }] : []
  })
}

function findByNamespace(places: readonly Place[], clause: readonly Place[], module: string): readonly ImportedName[] {
  const star = clause.findIndex(({ text }) => text === '*')
  const namespace = star < 0 ? undefined : clause[star + 2]?.text
  if (namespace === undefined) return []
  return places.flatMap((place, i) => {
    const [isDot, of, before] = [places[i - 1]?.text === '.', places[i - 2]?.text, places[i - 3]?.text ?? '']
    if (place.kind !== 'name' || !isDot || of !== namespace || /^\??\.$/.test(before)) return []
    return [{ module, name: place.text, place, isAliased: true, isExported: false }]
  })
}

/** `import('m').a`, as a type. */
function findTypeImport(places: readonly Place[], i: number): readonly ImportedName[] {
  const [module, close, dot, name] = places.slice(i + 2, i + 6)
  if (module?.kind !== 'string' || close?.text !== ')' || dot?.text !== '.' || name?.kind !== 'name') return []
  return [{ module: module.text.slice(1, -1), name: name.text, place: name, isAliased: true, isExported: false }]
}
