import { createHash, randomUUID } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport, type SendMailOptions } from 'nodemailer'
import { Problem } from '../contract/index.ts'
import { type Config, type LiveValue, liveSetting, type Resource, requireSetting } from '../kernel/index.ts'
import { withSignal } from '../kernel/promises.ts'
import { SEND_MAIL } from '../protocol/traces/span.ts'
import { inSpan } from '../telemetry/index.ts'
import { type Html, textOf } from './html.ts'

/**
 * Mail as a subscriber's handler gets it.
 * @example
 * const welcome = (mail: Mail, to: string) =>
 *   mail.send({ messageId: 'welcome-7@shop.example', from: 'shop@shop.example', to, subject: 'Welcome', text: 'Hello.' })
 */
export interface Mail {
  /**
   * Sends a message after the handler's transaction has committed, and not at all if it rolls back: at least once, with the
   * event's own retries. The same `messageId` (RFC 5322, `local@domain`) is the same message.
   */
  send(message: MailMessage): Promise<void>
}

/**
 * One message: plain text, and HTML where a reader shows that.
 * @example
 * const message: MailMessage = {
 *   messageId: 'order-7@shop.example', from: 'shop@shop.example', to: ['ada@example.com'], subject: 'Order 7', text: 'Thanks.',
 * }
 * @see https://www.rfc-editor.org/rfc/rfc5322
 */
export interface MailMessage {
  /** The identity of the message: `local@domain`, without angle brackets. */
  readonly messageId: string
  /** The sender: an address, or a name with one: `Ada <ada@example.com>`. */
  readonly from: Address
  /** One recipient, or a list. */
  readonly to: Address | readonly Address[]
  /** The subject, one line. */
  readonly subject: string
  /** The text of the message. */
  readonly text: string
  /** The same for readers that show HTML: made by html`…`, so that no value in it is read as markup. Default: text only. */
  readonly html?: Html
}

type PreparedMessage = Omit<MailMessage, 'html'> & Pick<SendMailOptions, 'headers'> & { readonly html?: string }
type AddressedMessage = Omit<PreparedMessage, 'from' | 'to'> & ReturnType<typeof parseEnvelope>
type DeliverMail = (message: AddressedMessage, signal: AbortSignal) => Promise<void>

/**
 * Mail for a subscriber: by SMTP_URL, or as one .eml file per message id in EBB_MAIL_FOLDER. Propagates the trace. An endpoint
 * that uses it is refused: it emits an event instead, and a subscriber sends the mail.
 * @example
 * export default implement(confirmOrder, { sql: postgres, mail }, async ({ data, event }, { mail }) => {
 *   const from = 'shop@shop.example'
 *   await mail.send({ messageId: `${event.id}@shop.example`, from, to: 'ada@example.com', subject: `Order ${data.id}`, text: '' })
 * })
 * @see docs/guide/05-events.md#subscribe
 */
export const mail: Resource<Mail, DeliverMail> = {
  stores: ['mail'],
  open: (config, log) =>
    config.SMTP_URL ? createSmtpDelivery(liveSetting(config, 'SMTP_URL', log)) : createFileDelivery(config),
  bind: (_deliver, { afterCommit, traceparent, correlationId }) => ({
    // An async function would hide that `afterCommit` needs not be awaited.
    send: ({ messageId, html, ...message }) => {
      const sent = html === undefined ? {} : { html: textOf(html) }
      return afterCommit({
        ...message,
        ...sent,
        messageId: `<${messageId}>`,
        headers: { traceparent, 'x-correlation-id': correlationId },
      })
    },
  }),
  runEffect: async (deliver, payload, { signal }) => {
    // It is what `send` has passed to `afterCommit`.
    const message = payload as PreparedMessage
    await inSpan(SEND_MAIL, 'client', () => deliver({ ...message, ...parseEnvelope(message) }, signal))
  },
}

/** Ends with the signal. A permanent refusal of the server is a 422, which the relay does not retry. */
function createSmtpDelivery(url: LiveValue<string | undefined>): DeliverMail {
  let transport: ReturnType<typeof createSmtpTransport> | undefined
  let server = url.current() ?? ''
  url.onChange((changed) => {
    server = changed ?? ''
    // It has one connection per message, so that nothing is left of the old one.
    transport = undefined
  })
  return async (message, signal) => {
    transport ??= createSmtpTransport(server)
    signal.throwIfAborted()
    try {
      await withSignal(signal, transport.sendMail(toMailOptions(message)))
    } catch (cause) {
      if (signal.aborted) throw cause
      if (isPermanent(cause)) throw new Problem('mail_refused', 422, 'The mail server refuses this message.', { cause })
      throw new Problem('unavailable', 503, 'The mail server accepts no message at the moment.', { cause })
    }
  }
}

/** RFC 5321, 4.2.1: 5yz is a permanent negative completion; nodemailer keeps the server's code. */
const isPermanent = (error: unknown) => /^5\d\d$/.test(String(Object(error).responseCode))

/** nodemailer's own lists are mutable. */
const toMailOptions = ({ to, ...message }: AddressedMessage): SendMailOptions => ({ ...message, to: [...to] })

/** One file per message id: a message that is written twice replaces its own file, and no other. */
function createFileDelivery(config: Config): DeliverMail {
  const folder = requireSetting(config, 'EBB_MAIL_FOLDER')
  return async (message) => {
    const transport = createTransport({ streamTransport: true, buffer: true })
    const { message: bytes } = await transport.sendMail(toMailOptions(message))
    const file = join(folder, `${toFileName(message.messageId)}.eml`)
    const unfinished = `${file}.${randomUUID()}`
    await mkdir(folder, { recursive: true })
    await writeFile(unfinished, Buffer.isBuffer(bytes) ? bytes : '')
    await rename(unfinished, file)
  }
}

/** A file system allows 255, and the temporary name is longer than the final one. */
const MAX_FILE_NAME_CHARACTERS = 180

/** A different name for each id: percent-encoded, and hashed if it is too long. */
function toFileName(messageId: string): string {
  const name = encodeURIComponent(messageId.slice(1, -1)).replaceAll('%40', '@')
  if (name.length <= MAX_FILE_NAME_CHARACTERS) return name
  return `${name.slice(0, MAX_FILE_NAME_CHARACTERS - 65)}-${createHash('sha256').update(messageId).digest('hex')}`
}

/** Up to the server's greeting. nodemailer itself would wait for 2 minutes. */
const CONNECT_TIMEOUT_MS = 10_000
/** For each response. nodemailer itself would wait for 10 minutes, and no request does. */
const RESPONSE_TIMEOUT_MS = 30_000

/** A transport to a mail server: one connection per message, which is closed if the server does not respond in time. */
export const createSmtpTransport = (
  url: string,
  { connectTimeoutMs = CONNECT_TIMEOUT_MS, responseTimeoutMs = RESPONSE_TIMEOUT_MS } = {},
) =>
  createTransport({
    url,
    ...{ dnsTimeout: connectTimeoutMs, connectionTimeout: connectTimeoutMs, greetingTimeout: connectTimeoutMs },
    socketTimeout: responseTimeoutMs,
  })

/** An e-mail address: alone, with a name as text (`Ada <ada@example.com>`), or with a separate name, which may contain anything. */
type Address = string | { readonly name: string; readonly address: string }

interface UnparsedEnvelope {
  readonly messageId: string
  readonly from: Address
  readonly to: Address | readonly Address[]
}

interface Mailbox {
  readonly name: string
  readonly address: string
}

/** One mailbox only: a name as text contains no character that separates a list, a group or a quoted name. */
const NAMED_ADDRESS = /^(?<name>[^,;:<>@"()\\\p{Cc}]*)<(?<address>[^<>]*)>$/u
const ADDRESS = /^[^\s@<>"(),:;\\[\]\p{Cc}]+@[^\s@<>"(),:;\\\p{Cc}]+$/u
/** RFC 5322, 3.6.4, with its brackets. */
const MESSAGE_ID = /^<[^\s@<>\p{Cc}]+@[^\s@<>\p{Cc}]+>$/u

/**
 * The sender and the recipients of a message, each as one mailbox. Throws a 422 that says what to write if a mail server
 * would refuse an address, or would read more than one mailbox in it.
 */
function parseEnvelope({ messageId, from, to }: UnparsedEnvelope): {
  readonly from: Mailbox
  readonly to: readonly Mailbox[]
} {
  if (!MESSAGE_ID.test(messageId)) throw invalidMessage('`messageId` must be `local@domain`')
  const recipients = (Array.isArray(to) ? to : [to]).map((one) => parseMailbox('to', one))
  if (recipients.length === 0) throw invalidMessage('`to` has no recipient')
  return { from: parseMailbox('from', from), to: recipients }
}

function parseMailbox(field: 'from' | 'to', given: Address): Mailbox {
  const { name = '', address = given } =
    typeof given === 'string' ? (NAMED_ADDRESS.exec(given.trim())?.groups ?? {}) : given
  if (typeof address === 'string' && ADDRESS.test(address.trim()) && !/[\r\n]/.test(name))
    return { name: name.trim(), address: address.trim() }
  throw invalidMessage(`\`${field}\` must be an address, or { name, address }; several are a list of these`)
}

const invalidMessage = (why: string) => new Problem('mail_refused', 422, `This message cannot be sent: ${why}.`)
