/** What is made once, when somebody asks for it. */
export interface Lazy<Value> {
  /** Makes it at the first call. */
  get(): Promise<Value>
  /** What was made, where it was. */
  made(): Promise<Value> | undefined
}

/** One that is there already. */
export const eager = <Value>(value: Value): Lazy<Value> => {
  const made = Promise.resolve(value)
  return { get: () => made, made: () => made }
}

export function lazy<Value>(make: () => Promise<Value>): Lazy<Value> {
  let made: Promise<Value> | undefined
  return { get: () => (made ??= make()), made: () => made }
}
