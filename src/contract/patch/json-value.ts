/** Why a patch cannot be applied, in words for its sender. */
export class PatchError extends Error {
  override readonly name = 'PatchError'
  readonly path: string

  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

export type JsonObject = Record<string, unknown>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const hasOwn = (object: object, name: string): boolean => Object.hasOwn(object, name)

/** Sets a member of its own, whatever its name: by assignment `__proto__` would be the prototype. */
export function setOwn(object: JsonObject, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true })
}

/** Whether two values of JSON are the same (RFC 6902, 4.6): members in any order, numbers by their value. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((element, i) => isSameJson(element, b[i]))
  if (!isObject(a)) return a === b
  const names = Object.keys(a)
  return (
    isObject(b) &&
    names.length === Object.keys(b).length &&
    names.every((name) => hasOwn(b, name) && isSameJson(a[name], b[name]))
  )
}

/** The number of values in a value, itself included. */
export const countValues = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, member) => sum + countValues(member), 1)
    : 1
