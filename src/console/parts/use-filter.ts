import { useCallback } from 'preact/hooks'
import { useLocation } from 'preact-iso'

/** What a list is filtered by stands in the page's address: it can be sent to somebody, and Back goes back. */
export function useFilter<Name extends string>(
  ...names: readonly Name[]
): readonly [Readonly<Record<Name, string>>, (name: Name, value: string) => void] {
  const { path, query, route } = useLocation()
  // Each of the names has a text.
  const values = Object.fromEntries(names.map((name) => [name, query[name] ?? ''])) as Record<Name, string>
  const set = useCallback(
    (name: Name, value: string) => {
      const next = new URLSearchParams(location.search)
      if (value === '') next.delete(name)
      else next.set(name, value)
      route(next.size > 0 ? `${path}?${next}` : path, true)
    },
    [path, route],
  )
  return [values, set]
}
