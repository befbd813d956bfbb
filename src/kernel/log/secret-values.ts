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

const values = new Set<string>()
let pattern = new RegExp(SHAPES.join('|'), 'g')

/** Keeps these out of all that this process logs from here on, from 12 characters. */
export function keepSecret(...given: readonly (string | undefined)[]): void {
  const before = values.size
  for (const value of given) if (value && value.length >= MIN_LENGTH) values.add(JSON.stringify(value).slice(1, -1))
  if (values.size === before) return
  // The longest first: one may begin with another.
  const longestFirst = [...values].sort((a, b) => b.length - a.length)
  pattern = new RegExp([...longestFirst.map((value) => RegExp.escape(value)), ...SHAPES].join('|'), 'g')
}

/** Lines of JSON without the values that are secret by their shape, or since they were told to be. */
export const withoutSecrets = (lines: string): string => lines.replace(pattern, REDACTED)
