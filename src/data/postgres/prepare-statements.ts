import type pg from 'pg'

/**
 * Has each statement with values that this connection is given prepared under a name of its own, so that the server reads
 * and plans its text once. For a connection that is no pooler's, and for code whose statements are few: none is forgotten.
 */
export function prepareStatements(client: pg.ClientBase): void {
  const query: (...args: unknown[]) => unknown = client.query.bind(client)
  const prepared = (text: unknown, values: unknown, ...rest: unknown[]): unknown =>
    typeof text === 'string' && Array.isArray(values) && values.length > 0
      ? query({ name: nameOf(text), text, values }, ...rest)
      : query(text, values, ...rest)
  // The same parameters and results, overloads and all.
  client.query = prepared as typeof client.query
}

const names = new Map<string, string>()

function nameOf(text: string): string {
  const name = names.get(text) ?? `ebb_${names.size}`
  names.set(text, name)
  return name
}
