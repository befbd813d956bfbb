import type { JsonPatch, JsonPatchOperation } from './json-patch.ts'
import { countValues, hasOwn, isObject, isSameJson, type JsonObject, PatchError, setOwn } from './json-value.ts'

/** As many as a body may have: a few copies of copies would fill the memory. */
const MAX_VALUES = 50_000
/** As many levels as a body may have. */
const MAX_DEPTH = 32

/**
 * Applies the operations of a JSON Patch (RFC 6902) to a document, which it changes and returns. Throws a PatchError at the first
 * that cannot be applied.
 */
export function applyOperations(document: unknown, patch: JsonPatch): unknown {
  // The document as a member, so that its root is a place like any other.
  const holder: JsonObject = { root: document }
  let values = 0
  for (const [i, operation] of patch.entries()) {
    const step: Step = { at: (name) => `body.${i}.${name}` }
    values += 'value' in operation ? countValues(operation.value) : 0
    if (operation.op === 'copy') values += countValues(read(holder, operation.from, step.at('from')))
    if (values > MAX_VALUES) throw new PatchError(`body.${i}`, `Makes more than ${MAX_VALUES} values`)
    applyOne(holder, operation, step)
  }
  return holder.root
}

interface Step {
  /** Where a part of the operation is in the request. */
  readonly at: (name: string) => string
}

function applyOne(holder: JsonObject, operation: JsonPatchOperation, { at }: Step): void {
  const path = operation.path
  switch (operation.op) {
    case 'add':
      add(holder, path, structuredClone(operation.value), at('path'))
      break
    case 'remove':
      remove(holder, path, at('path'))
      break
    case 'replace':
      replace(holder, path, structuredClone(operation.value), at('path'))
      break
    case 'move':
      if (path.startsWith(`${operation.from}/`)) throw new PatchError(at('path'), 'Lies inside what is moved')
      add(holder, path, remove(holder, operation.from, at('from')), at('path'))
      break
    case 'copy':
      add(holder, path, structuredClone(read(holder, operation.from, at('from'))), at('path'))
      break
    case 'test':
      if (!isSameJson(read(holder, path, at('path')), operation.value))
        throw new PatchError(at('value'), 'Is not what is there')
  }
}

/** The container of what a pointer (RFC 6901) names, and its name there. */
function locate(holder: JsonObject, pointer: string, at: string): readonly [container: unknown, name: string] {
  const names = pointer.split('/').map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (names.length > MAX_DEPTH) throw new PatchError(at, `Has more than ${MAX_DEPTH} levels`)
  names[0] = 'root'
  const last = names.pop() ?? 'root'
  let container: unknown = holder
  for (const name of names) container = memberOf(container, name, at)
  return [container, last]
}

const INDEX = /^(0|[1-9]\d{0,5})$/

function memberOf(container: unknown, name: string, at: string): unknown {
  const isThere = Array.isArray(container)
    ? INDEX.test(name) && Number(name) < container.length
    : isObject(container) && hasOwn(container, name)
  if (!isThere) throw new PatchError(at, 'Leads to nothing')
  // One of the two, by its own name.
  return (container as JsonObject)[name]
}

const read = (holder: JsonObject, pointer: string, at: string): unknown => memberOf(...locate(holder, pointer, at), at)

function add(holder: JsonObject, pointer: string, value: unknown, at: string): void {
  const [container, name] = locate(holder, pointer, at)
  if (Array.isArray(container)) {
    const index = name === '-' ? container.length : INDEX.test(name) ? Number(name) : -1
    if (index < 0 || index > container.length) throw new PatchError(at, 'Is no place in that list')
    container.splice(index, 0, value)
  } else if (isObject(container)) setOwn(container, name, value)
  else throw new PatchError(at, 'Leads to nothing')
}

function replace(holder: JsonObject, pointer: string, value: unknown, at: string): void {
  const [container, name] = locate(holder, pointer, at)
  memberOf(container, name, at)
  if (Array.isArray(container)) container[Number(name)] = value
  // It has a member of that name.
  else setOwn(container as JsonObject, name, value)
}

function remove(holder: JsonObject, pointer: string, at: string): unknown {
  const [container, name] = locate(holder, pointer, at)
  const removed = memberOf(container, name, at)
  if (pointer === '') holder.root = null
  else if (Array.isArray(container)) container.splice(Number(name), 1)
  else delete (container as JsonObject)[name]
  return removed
}
