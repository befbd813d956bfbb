const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/

/**
 * The key in the value of an Idempotency-Key header. Its specification makes that a string of RFC 9651, whose quotes are no
 * part of it; most clients send it bare.
 */
export const idempotencyKey = (value: string): string => {
  const [, quoted] = QUOTED.exec(value) ?? []
  return quoted?.replaceAll(/\\(.)/g, '$1') ?? value
}
