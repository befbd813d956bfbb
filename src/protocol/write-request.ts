/** The query of a call: arrays repeat their name; what is undefined or null is left out, since a query cannot carry it. */
export function toSearch(query: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((item) => (isAbsent(item) ? [] : [[name, String(item)]])),
  )
  return pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : ''
}

/** The headers of a call; what is undefined or null is left out. */
export const toHeaderTexts = (headers: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      isAbsent(value) ? [] : [[name, Array.isArray(value) ? value.map(toElement).join(', ') : String(value)]],
    ),
  )

export const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null

/** An element of a list in a header: in quotes where it would be read as another value (RFC 9110, 5.6). */
function toElement(value: unknown): string {
  const text = String(value)
  return /^$|[",]|^[\t ]|[\t ]$/.test(text) ? `"${text.replaceAll(/["\\]/g, '\\$&')}"` : text
}

/** The texts that a header can carry. */
export const FITS_HEADER = /^[\t\x20-\x7e\x80-\xff]*$/
