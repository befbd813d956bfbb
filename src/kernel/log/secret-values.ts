/** Shorter ones are words that stand in many lines. */
const MIN_LENGTH = 12

/** API keys, JSON Web Tokens, credentials of the Authorization header, and those in a URL. */
const SHAPES = [
  'ebb_live_[0-9A-Za-z]{32}_[0-9a-f]{8}',
  String.raw`\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*`,
  String.raw`(?<=\b(?:Bearer|Basic) )[\w+/=.~-]{16,}`,
  String.raw`(?<=:\/\/)[^\s"'/@]+(?=@)`,
]
export const REDACTED = '[redacted]'

/** Text of which each of those shapes has one: to look for these costs a fraction of what the pattern does. */
const SIGNS = ['ebb_live_', 'eyJ', 'Bearer ', 'Basic ', '://']

let values: readonly string[] = []
let pattern = new RegExp(SHAPES.join('|'), 'g')

/** Keeps these out of all that this process logs from here on, from 12 characters. */
export function keepSecret(...given: readonly (string | undefined)[]): void {
  const long = given.filter((value) => value !== undefined && value.length >= MIN_LENGTH)
  const fresh = long.map((value) => JSON.stringify(value).slice(1, -1)).filter((text) => !values.includes(text))
  if (fresh.length === 0) return
  // The longest first: one may begin with another.
  values = [...values, ...fresh].sort((a, b) => b.length - a.length)
  pattern = new RegExp([...values.map((value) => RegExp.escape(value)), ...SHAPES].join('|'), 'g')
}

/** Lines of JSON without the values that are secret by their shape, or since they were told to be. */
export function withoutSecrets(lines: string): string {
  const isIn = (text: string) => lines.includes(text)
  return SIGNS.some(isIn) || values.some(isIn) ? lines.replace(pattern, REDACTED) : lines
}
