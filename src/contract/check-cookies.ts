import * as z from 'zod'
import { checkKeys, checkSchema, type Refuse } from './check-common.ts'
import type { EndpointShape } from './endpoint-shape.ts'
import type { ReplyCookie } from './reply.ts'
import { findNonScalar, isScalar } from './schema/decode-strings.ts'
import { typeOf } from './schema/schema-def.ts'

const COOKIE_KEYS = ['value', 'maxAgeSeconds', 'path', 'domain', 'sameSite', 'httpOnly', 'secure']
/** A token of HTTP (RFC 6265, 4.1.1). */
const NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/
const DOMAIN = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$/
/** What an attribute may hold (RFC 6265, 4.1.1). */
const PATH = /^\/[\x21-\x3a\x3c-\x7e]*$/
/** Browsers keep no cookie for longer (RFC 6265bis, 5.5). */
const MAX_AGE_SECONDS = 400 * 86_400

/** Refuses `cookies` of a request that no cookie can carry. */
export function checkRequestCookies({ cookies, async, cache, tool }: EndpointShape, refuse: Refuse) {
  if (cookies === undefined) return
  refuse(typeOf(cookies) !== 'object', '`cookies` must be a z.object')
  checkSchema(cookies, { use: 'input', part: 'cookies' }, refuse)
  const issue = findNonScalar(cookies)
  refuse(issue !== undefined, `in cookies, ${issue}`)
  for (const [name, property] of Object.entries(cookies.shape)) {
    checkCookieName(name, 'cookies', refuse)
    // zod types a shape's schemas by its core.
    refuse(!isScalar(property as z.ZodType, 'in'), `in cookies, ${name} is a list, and a cookie has one value`)
  }
  refuse(cache !== undefined, 'what depends on a cookie is not kept for others; drop `cache` or `cookies`')
  refuse(!!tool, 'an agent has no cookies; drop `tool` or `cookies`')
  refuse(!!async, 'the relay that makes an asynchronous call later has no cookies; drop `async` or `cookies`')
}

/** Refuses cookies of a reply that browsers would drop, or keep otherwise than the contract says. */
export function checkReplyCookies(cookies: Readonly<Record<string, ReplyCookie>>, part: string, refuse: Refuse) {
  for (const [name, cookie] of Object.entries(cookies)) {
    checkCookieName(name, part, refuse)
    checkKeys(cookie, COOKIE_KEYS, refuse)
    const { value, maxAgeSeconds, path = '/', domain, sameSite = 'lax', httpOnly, secure } = cookie
    const at = `${part}.${name}`
    refuse(!(value instanceof z.ZodType), `${at}.value must be a zod schema`)
    checkSchema(value, { use: 'output', part: `${at}.value` }, refuse)
    refuse(!isScalar(value), `${at}.value is not a scalar; a cookie holds a text, a number or a boolean`)
    refuse(
      maxAgeSeconds !== undefined &&
        !(Number.isInteger(maxAgeSeconds) && maxAgeSeconds >= 1 && maxAgeSeconds <= MAX_AGE_SECONDS),
      `${at}.maxAgeSeconds must be whole, from 1 to ${MAX_AGE_SECONDS}; null in the reply deletes a cookie`,
    )
    refuse(!PATH.test(path), `${at}.path must begin with / and hold neither blanks nor ;`)
    refuse(domain !== undefined && !DOMAIN.test(domain), `${at}.domain must be a name such as example.com`)
    refuse(!['strict', 'lax', 'none'].includes(sameSite), `${at}.sameSite must be 'strict', 'lax' or 'none'`)
    refuse(httpOnly !== undefined && httpOnly !== false, `${at}.httpOnly can only be false; leave it out`)
    refuse(secure !== undefined && secure !== false, `${at}.secure can only be false; leave it out`)
    const insecure = secure === false
    refuse(insecure && sameSite === 'none', `${at}: browsers drop a cookie with sameSite 'none' that is not secure`)
    refuse(
      insecure && /^__(secure|host)-/i.test(name),
      `${at}: the prefix promises a secure cookie; drop \`secure: false\``,
    )
    refuse(
      /^__host-/i.test(name) && (domain !== undefined || path !== '/'),
      `${at}: the prefix __Host- promises no domain and the path /; drop \`domain\` and \`path\``,
    )
  }
}

function checkCookieName(name: string, part: string, refuse: Refuse) {
  refuse(!NAME.test(name), `${part} has "${name}"; a cookie's name is of letters, digits and - _ .`)
}
