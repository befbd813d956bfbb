import * as z from 'zod'
import { checkKeys, checkSchema, type Refuse } from './check-common.ts'
import { checkFunction } from './check-function.ts'
import { checkRetry } from './check-subscriber.ts'
import { isReservedPath, parsePathTemplate } from './path-template.ts'
import type { ReceiveShape, WebhookField, WebhookProvider, WebhookSignature, WebhookToken } from './receive-shape.ts'
import { WEBHOOK_PROVIDERS } from './webhook-providers.ts'

const KEYS = [...['path', 'provider', 'signedBy', 'events', 'maxBodyBytes', 'retry', 'emits'], ...['failures']]
const SECRET = /^[A-Z][A-Z0-9_]*$/
const HEADER = /^[a-z0-9!#$%&'*+.^`|~-]+$/
const BODY_PATH = /^[\w-]+(\.[\w-]+)*$/
const PLACEHOLDER = /\{(\w*)\}/g
/** Stored as Base64 where they are no JSON, they have to fit into an event. */
const MAX_BYTES = 8 * 1024 * 1024
const MAX_TOLERANCE_SECONDS = 3_600

/** Throws a ContractError at the first contradiction. */
export function checkReceive(contract: ReceiveShape) {
  const refuse = checkFunction(contract, KEYS)
  checkRetry(contract.retry, refuse)
  checkPath(contract, refuse)
  checkSecrets(contract, refuse)
  checkEvents(contract, refuse)
  checkProvider(contract, refuse)
  const { maxBodyBytes = 1 } = contract
  refuse(
    !(Number.isInteger(maxBodyBytes) && maxBodyBytes >= 1 && maxBodyBytes <= MAX_BYTES),
    `maxBodyBytes must be whole, and 1 to ${MAX_BYTES}`,
  )
}

function checkPath({ path }: ReceiveShape, refuse: Refuse) {
  let names: readonly string[] = []
  try {
    names = parsePathTemplate(path).names
  } catch (error) {
    refuse(true, error instanceof Error ? error.message : String(error))
  }
  refuse(names.length > 0, `path ${path} has a parameter, and a provider sends to one address; write it out`)
  refuse(isReservedPath(path), `path ${path} is the platform's own; choose another one`)
}

function checkSecrets({ signedBy, secrets = [] }: ReceiveShape, refuse: Refuse) {
  refuse(!Array.isArray(signedBy) || signedBy.length === 0, 'name in `signedBy` the secret that webhooks are signed by')
  for (const name of signedBy) {
    refuse(!SECRET.test(name), `signedBy "${name}" must be named in UPPER_SNAKE`)
    refuse(name.startsWith('EBB_'), `signedBy "${name}" is named like a setting of the platform; choose another name`)
    refuse(
      secrets.includes(name),
      `secret "${name}" is in \`signedBy\`, for the gateway alone; take it out of \`secrets\``,
    )
  }
  refuse(new Set(signedBy).size < signedBy.length, '`signedBy` names a secret twice')
}

function checkEvents({ events }: ReceiveShape, refuse: Refuse) {
  const isObject = typeof events === 'object' && events !== null
  refuse(!isObject || Object.keys(events).length === 0, 'name in `events` what the handler takes, each with its schema')
  for (const [name, schema] of Object.entries(events)) {
    refuse(!(schema instanceof z.ZodType), `events "${name}" must be a zod schema, or payload()`)
    checkSchema(schema, { use: 'both', part: `events "${name}"` }, refuse)
  }
}

function checkProvider({ provider }: ReceiveShape, refuse: Refuse) {
  if (typeof provider === 'string') {
    const known = Object.keys(WEBHOOK_PROVIDERS)
    return refuse(!known.includes(provider), `provider "${provider}" must be one of ${known.join(', ')}, or described`)
  }
  const { signature, token } = Object(provider) as Partial<WebhookProvider>
  refuse(!signature && !token, 'say in `provider` who sends the webhooks: github, stripe, standard, or a description')
  refuse(
    signature !== undefined && token !== undefined,
    'provider has a signature and a token; a signature alone says more',
  )
  checkKeys(provider, ['name', 'signature', 'token', 'timestamp', 'id', 'event'], refuse)
  refuse(!/^[a-z][a-z0-9-]{0,39}$/.test(provider.name), 'provider.name must be 1 to 40 of a-z, 0-9 and -')
  if (signature) checkSignature(provider, signature, refuse)
  if (token) checkToken(provider, token, refuse)
  checkTimestamp(provider, refuse)
  checkField('id', provider.id, refuse)
  checkField('event', provider.event, refuse)
}

function checkToken({ timestamp }: WebhookProvider, token: WebhookToken, refuse: Refuse) {
  checkKeys(token, ['header', 'prefix'], refuse)
  checkHeader('token.header', token.header, refuse)
  refuse(
    timestamp !== undefined,
    'provider.timestamp says when a webhook was signed, and a token signs nothing; take it out',
  )
}

function checkSignature({ timestamp, id }: WebhookProvider, signature: WebhookSignature, refuse: Refuse) {
  checkKeys(signature, ['header', 'prefix', 'separator', 'algorithm', 'encoding', 'content', 'key'], refuse)
  const { header, separator, algorithm = 'sha256', encoding = 'hex', content = '', key = 'text' } = signature
  checkHeader('signature.header', header, refuse)
  const only = (part: string, given: string | undefined, ...values: readonly string[]) =>
    refuse(
      given !== undefined && !values.includes(given),
      `provider.signature.${part} must be one of ${values.map((value) => `"${value}"`).join(', ')}`,
    )
  only('separator', separator, ',', ' ')
  only('algorithm', algorithm, 'sha256', 'sha512', 'sha1')
  only('encoding', encoding, 'hex', 'base64')
  only('key', key, 'text', 'whsec')
  const names = [...content.matchAll(PLACEHOLDER)].map(([, name]) => name ?? '')
  refuse(names.filter((name) => name === 'body').length !== 1, 'provider.signature.content must have {body} once')
  for (const name of names)
    refuse(
      !['body', 'timestamp', 'id'].includes(name),
      `provider.signature.content has {${name}}, which is nothing here`,
    )
  refuse(names.includes('timestamp') && !timestamp, 'provider.signature.content has {timestamp}; say where that is')
  refuse(
    names.includes('id') && !(id && 'header' in id),
    'provider.signature.content has {id}, which must then be in a header: the body is read after its signature is checked',
  )
}

function checkTimestamp({ timestamp, signature }: WebhookProvider, refuse: Refuse) {
  if (!timestamp) return
  checkKeys(timestamp, ['header', 'prefix', 'toleranceSeconds'], refuse)
  checkHeader('timestamp.header', timestamp.header, refuse)
  refuse(
    !signature?.content.includes('{timestamp}'),
    'provider.timestamp is not signed, so that whoever sends a webhook again can change it; add {timestamp} to signature.content',
  )
  const { toleranceSeconds = 1 } = timestamp
  refuse(
    !(Number.isInteger(toleranceSeconds) && toleranceSeconds >= 1 && toleranceSeconds <= MAX_TOLERANCE_SECONDS),
    `provider.timestamp.toleranceSeconds must be whole, and 1 to ${MAX_TOLERANCE_SECONDS}`,
  )
}

function checkField(part: string, field: WebhookField | undefined, refuse: Refuse) {
  const { header, body, ...others } = Object(field) as { readonly header?: string; readonly body?: string }
  const isOne = (header === undefined) !== (body === undefined) && Object.keys(others).length === 0
  refuse(!isOne, `provider.${part} must be { header: … } or { body: … }`)
  if (header !== undefined) checkHeader(`${part}.header`, header, refuse)
  else refuse(!BODY_PATH.test(body ?? ''), `provider.${part}.body "${body}" must be names with dots, such as data.id`)
}

const checkHeader = (part: string, name: string, refuse: Refuse) =>
  refuse(!HEADER.test(name ?? ''), `provider.${part} "${name}" must be the name of a header, in lower case`)
