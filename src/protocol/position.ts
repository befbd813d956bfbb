/**
 * The header that says how far the database had come: in the response to a write, after its COMMIT; in a read, what it must not
 * miss. Its value is a place in Postgres's log (pg_lsn), or `latest`.
 */
export const POSITION_HEADER = 'ebb-position'

/** What only the database itself has: of a write whose COMMIT may have come through, and of a caller that must see everything. */
export const LATEST = 'latest'

/** What every replica has. */
export const NOWHERE = '0/0'

/** For how long a position is of use: then every replica that is read from has it (DATABASE_READ_MAX_LAG_MS). */
export const POSITION_SECONDS = 60

const PLACE = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i

/** A position as a number that grows; undefined for any other text. */
export function parsePosition(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined
  if (text === LATEST) return LATEST_POSITION
  const [, high, low] = PLACE.exec(text) ?? []
  return high === undefined ? undefined : (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}

/** Greater than any place in a log. */
export const LATEST_POSITION = 0x1_0000_0000_0000_0000n

/** The text that is further on; texts that are no position do not count. */
export function laterPosition(texts: readonly (string | undefined)[]): string | undefined {
  let latest: { readonly text: string; readonly position: bigint } | undefined
  for (const text of texts) {
    const position = parsePosition(text)
    if (text !== undefined && position !== undefined && (!latest || position > latest.position))
      latest = { text, position }
  }
  return latest?.text
}
