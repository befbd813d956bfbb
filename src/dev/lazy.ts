/** A value that is made once, on first use. */
export interface Lazy<Value> {
  /** Makes the value on the first call. */
  get(): Promise<Value>
  /** The value, if it was made already. */
  made(): Promise<Value> | undefined
}

/** A value that exists already. */
export const eager = <Value>(value: Value): Lazy<Value> => {
  const made = Promise.resolve(value)
  return { get: () => made, made: () => made }
}

export function lazy<Value>(make: () => Promise<Value>): Lazy<Value> {
  let made: Promise<Value> | undefined
  return { get: () => (made ??= make()), made: () => made }
}
