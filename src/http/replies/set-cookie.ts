import { type ReplyCookie, toOutput } from '../../contract/index.ts'
import { containsSecret } from '../../kernel/index.ts'

/** What browsers keep of a cookie at least, name, value and attributes together (RFC 6265, 6.1). */
const MAX_LENGTH = 4_096
/** The characters of a value that need no encoding (RFC 6265, 4.1.1), but for `%`, which begins one. */
const PLAIN = /^[\x21\x23\x24\x26-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/
const SAME_SITE = { strict: 'Strict', lax: 'Lax', none: 'None' } as const

/** Compiles what a handler returns as `cookies` to the lines of Set-Cookie. Throws where a browser would not keep one. */
export function compileSetCookie(cookies: Readonly<Record<string, ReplyCookie>>) {
  const compiled = new Map(
    Object.entries(cookies).map(([name, cookie]) => [name, { ...cookie, value: toOutput(cookie.value) }]),
  )
  const attributes = new Map([...compiled].map(([name, cookie]) => [name, attributesOf(cookie)]))
  return (given: unknown): readonly string[] =>
    Object.entries(Object(given)).flatMap(([name, value]) => {
      if (value === undefined) return []
      const cookie = compiled.get(name)
      if (!cookie) throw new TypeError(`it sets the cookie ${name}, which the contract does not have`)
      const line =
        value === null
          ? `${name}=${attributes.get(name)}; Max-Age=0`
          : `${name}=${encode(cookie.value.parse(value))}${attributes.get(name)}${maxAgeOf(cookie)}`
      if (line.length > MAX_LENGTH)
        throw new TypeError(`the cookie ${name} has ${line.length} characters, and browsers keep ${MAX_LENGTH}`)
      if (containsSecret(line)) throw new TypeError(`the cookie ${name} holds the value of a secret`)
      return [line]
    })
}

function attributesOf({ path = '/', domain, sameSite = 'lax', httpOnly, secure }: ReplyCookie): string {
  return [
    `; Path=${path}`,
    ...(domain === undefined ? [] : [`; Domain=${domain}`]),
    ...(httpOnly !== false ? ['; HttpOnly'] : []),
    ...(secure !== false ? ['; Secure'] : []),
    `; SameSite=${SAME_SITE[sameSite]}`,
  ].join('')
}

const maxAgeOf = ({ maxAgeSeconds }: ReplyCookie) => (maxAgeSeconds === undefined ? '' : `; Max-Age=${maxAgeSeconds}`)

/** As `cookies` of a contract, and most libraries, decode it. */
function encode(value: unknown): string {
  const text = String(value)
  return PLAIN.test(text) ? text : encodeURIComponent(text)
}
