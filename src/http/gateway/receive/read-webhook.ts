import { createHash } from 'node:crypto'
import type { WebhookDoor } from '../../../contract/index.ts'
import { parseJson } from '../../json.ts'
import type { GatewayContext } from '../context.ts'
import { digestOf, headerId } from './check-signature.ts'

/** What a webhook says, as far as it can be read. */
export interface ReadWebhook {
  /** The provider's id of it, or where there is none, one of its content. */
  readonly id: string
  /** The provider's name of the event; undefined where it says none. */
  readonly event: string | undefined
  /** A hash of what was signed, where the id is not. */
  readonly digest: Uint8Array | undefined
  /** What is stored: the payload, or what is no JSON, with why. */
  readonly content: { readonly payload: unknown } | { readonly unparsed: Unparsed }
}

/** What cannot be read, kept as it came. */
interface Unparsed {
  readonly why: string
  readonly base64: string
}

/** Reads a webhook whose signature is right. What it cannot read it keeps: its handler refuses it, and it is a dead letter. */
export function readWebhook(
  { provider, idSigned }: WebhookDoor,
  { headers, body }: Pick<GatewayContext, 'headers' | 'body'>,
): ReadWebhook {
  const parsed = parseJson(body)
  const payload = 'value' in parsed ? parsed.value : undefined
  const find = (field: { readonly header: string } | { readonly body: string }) =>
    'header' in field ? headerId(field.header, headers) : textAt(payload, field.body)
  const event = find(provider.event)
  return {
    id: find(provider.id) ?? `sha256-${createHash('sha256').update(body).digest('hex')}`,
    event,
    digest: idSigned ? undefined : digestOf(provider, { headers, body }),
    content: 'value' in parsed ? { payload } : { unparsed: unparsed(body, parsed.issues[0]) },
  }
}

const unparsed = (body: Uint8Array, issue: { readonly path: string; readonly message: string } | undefined) => ({
  why: issue ? `${issue.path}: ${issue.message}` : 'Not JSON',
  base64: Buffer.from(body).toString('base64'),
})

/** The text at a path of names; undefined where there is none, or none that can be stored as a name. */
function textAt(value: unknown, path: string): string | undefined {
  let found = value
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    // It was looked up as its own property just now.
    found = (found as Readonly<Record<string, unknown>>)[name]
  }
  return typeof found === 'string' && found !== '' && found.length <= MAX_TEXT ? found : undefined
}

const MAX_TEXT = 255
