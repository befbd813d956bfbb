import * as z from 'zod'
import { checkKeys, checkSchema, type Refuse } from './check-common.ts'
import { checkReplyCookies } from './check-cookies.ts'
import type { EndpointShape } from './endpoint-shape.ts'
import { findBoundIssue } from './location-bounds.ts'
import { parsePathTemplate } from './path-template.ts'
import { isRedirect, type Reply, repliesOf } from './reply.ts'
import { findNonScalar, isScalar } from './schema/decode-strings.ts'
import { typeOf } from './schema/schema-def.ts'
import { kindsOf } from './schema/text-kinds.ts'

const REPLY_KEYS = ['status', 'body', 'location', 'locations', 'headers', 'cookies', 'stream']
const REDIRECTS = [301, 302, 303, 307, 308]
const TOKEN = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
/** Headers that the platform, or a hop between it and the caller, sets itself. */
const OWN_HEADERS =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|content-(type|length|encoding|range)|accept-ranges|date|server|via|age|etag|location|set-cookie2?|www-authenticate|x-correlation-id|traceparent|x-powered-by|x-content-type-options|strict-transport-security|idempotency-.*|preference-applied|ratelimit.*|cache-(status|tag)|access-control-.*|ebb-.*|ce-.*|k-.*|knative-.*|x-envoy-.*|x-call-id|x-start-time|x-duration-seconds)$/

/** Refuses replies that contradict themselves or each other. */
export function checkReplies(contract: EndpointShape, refuse: Refuse) {
  const replies = repliesOf(contract)
  const isList = Array.isArray(contract.reply)
  refuse(isList && replies.length < 2, '`reply` is a list of several replies; write a single one without the list')
  for (const [i, reply] of replies.entries()) {
    refuse(typeof reply !== 'object' || reply === null, 'say in `reply` what a success looks like')
    const { status } = reply
    refuse(replies.findIndex((other) => other.status === status) < i, `\`reply\` has the status ${status} twice`)
    checkReply(reply, isList ? `reply ${status}` : 'reply', refuse)
  }
  const sets = replies.some(({ cookies }) => cookies !== undefined)
  refuse(sets && !!contract.async, 'an asynchronous call has no response that sets cookies; drop `async` or `cookies`')
  refuse(
    sets && contract.cache !== undefined,
    'a reply that sets cookies is for one browser and is not kept; drop `cache` or `cookies`',
  )
  refuse(
    !!contract.async && replies.some(isRedirect),
    'nobody waits for an asynchronous call who could be redirected; drop `async` or the redirect',
  )
}

function checkReply(reply: Reply, part: string, refuse: Refuse) {
  const { status, body, headers, cookies, stream } = reply
  checkKeys(reply, REPLY_KEYS, refuse)
  refuse(
    !(Number.isInteger(status) && ((status >= 200 && status <= 299) || REDIRECTS.includes(status))),
    `${part}.status must be from 200 to 299, or one of ${REDIRECTS.join(', ')}`,
  )
  refuse(status === 206, 'a 206 is a part of another response, which the platform makes; use status 200')
  refuse(status === 204 && body !== undefined, `a 204 has no body; take ${part}.body out or use status 200`)
  refuse(isRedirect(reply) && body !== undefined, `a ${status} leads elsewhere; take ${part}.body out`)
  const hasNone = status === 204 || isRedirect(reply)
  refuse(
    !hasNone && body === undefined && stream === undefined,
    `a ${status} needs ${part}.body; only a 204 or a redirect goes without`,
  )
  checkSchema(body, { use: 'output', part: `${part}.body` }, refuse)
  refuse(
    stream !== undefined && (part !== 'reply' || headers !== undefined || cookies !== undefined),
    `${part}.stream is all of a reply; drop its headers, cookies, and other replies`,
  )
  if (headers !== undefined) checkReplyHeaders(headers, `${part}.headers`, refuse)
  if (cookies !== undefined) checkReplyCookies(cookies, `${part}.cookies`, refuse)
  checkLocation(reply, part, refuse)
}

function checkReplyHeaders(headers: z.ZodObject, part: string, refuse: Refuse) {
  refuse(!(headers instanceof z.ZodObject), `${part} must be a z.object`)
  checkSchema(headers, { use: 'output', part }, refuse)
  for (const name of Object.keys(headers.shape)) {
    refuse(!TOKEN.test(name), `${part} has "${name}"; a header's name is of lower-case letters, digits and -`)
    refuse(OWN_HEADERS.test(name), `${part} has ${name}, which is the platform's own; take it out`)
  }
  const issue = findNonScalar(headers)
  refuse(issue !== undefined, `in ${part}, ${issue}`)
  const mixed = Object.entries(kindsOf(headers)).find(([, kind]) => kind === undefined)?.[0]
  refuse(
    mixed !== undefined,
    `in ${part}, ${mixed} may be of several types, which a reader of its text cannot tell apart`,
  )
}

function checkLocation(reply: Reply, part: string, refuse: Refuse) {
  const { status, location, locations } = reply
  if (!isRedirect(reply)) {
    refuse(locations !== undefined, `${part}.locations bounds a redirect; a ${status} has a \`location\` at most`)
    if (location !== undefined) checkTemplate(location, reply, part, refuse)
    return
  }
  refuse(
    (location === undefined) === (locations === undefined),
    `a ${status} says where it may lead: by \`location\`, a path of this API, or by \`locations\`, such as ['https://pay.example.com/*']`,
  )
  if (location !== undefined) parseTemplate(location, refuse)
  refuse(
    locations !== undefined && !(Array.isArray(locations) && locations.length > 0),
    `${part}.locations must be a list of addresses`,
  )
  for (const pattern of locations ?? []) {
    const issue = findBoundIssue(pattern)
    refuse(issue !== undefined, `${part}.locations has ${pattern}, which ${issue}`)
  }
}

function parseTemplate(location: string, refuse: Refuse): readonly string[] {
  try {
    return parsePathTemplate(location).names
  } catch (error) {
    refuse(true, error instanceof Error ? error.message : String(error))
    return []
  }
}

function checkTemplate(location: string, { body }: Reply, part: string, refuse: Refuse) {
  const shape = body && typeOf(body) === 'object' && body instanceof z.ZodObject ? body.shape : {}
  for (const name of parseTemplate(location, refuse)) {
    refuse(!Object.hasOwn(shape, name), `${part}.location has {${name}}, which ${part}.body does not have`)
    const property = shape[name]
    refuse(
      property !== undefined && !isScalar(property),
      `${part}.location has {${name}}, which in ${part}.body is not a scalar; an address needs a text, a number or a boolean`,
    )
  }
}
