const TOKEN = '[a-z0-9!#$&^_.+-]{1,127}'
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}$`)
const MEDIA_RANGE = new RegExp(`^${TOKEN}/(\\*|${TOKEN})$`)

/** Whether a text is a media type without parameters, in lower case, such as `text/csv`. */
export const isMediaType = (text: string): boolean => MEDIA_TYPE.test(text) && !text.includes('*')

/** Whether a text is a media type, or all of a kind, such as `image/*`. */
export const isMediaRange = (text: string): boolean => MEDIA_RANGE.test(text)

/** The media type in the value of a Content-Type, in lower case and without parameters; '' where there is none. */
export function mediaTypeOf(contentType: string | undefined): string {
  if (contentType === undefined) return ''
  const end = contentType.indexOf(';')
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}

/** Whether a media type is one of these, or of their kind. */
export const isOneOf = (ranges: readonly string[], type: string): boolean =>
  ranges.some(
    (range) => range === type || range === '*/*' || (range.endsWith('/*') && type.startsWith(range.slice(0, -1))),
  )
