import { send } from './call.ts'
import { type Data, type UseDataOptions, useReading } from './use-data.ts'

/** Reads a path of the admin API. */
export const usePath = <Value>(path: string, options?: UseDataOptions): Data<Value> =>
  useReading(path, async (signal) => (await send('GET', path, { signal })).json(), options)

/** A path with these values as its query; those that are empty are left out. */
export function pathOf(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return given.length > 0 ? `${path}?${new URLSearchParams(given)}` : path
}
