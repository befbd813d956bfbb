import { createHash, randomUUID } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport, type SendMailOptions } from 'nodemailer'
import { Problem } from '../contract/index.ts'
import { type Config, need, type Resource } from '../kernel/index.ts'
import { type Address, envelopeOf } from './mail/envelope.ts'
import { createSmtpTransport } from './smtp.ts'

export interface Mail {
  /**
   * Sends one message when the handler's transaction has committed, and never where it has not: at least once, with the
   * event's own retries. The same `messageId` (RFC 5322, `local@domain`) is the same message.
   */
  send(message: Message): Promise<void>
}

export interface Message {
  readonly messageId: string
  readonly from: Address
  /** Whoever gets it; a list for several. */
  readonly to: Address | readonly Address[]
  readonly subject: string
  readonly text: string
}

type Prepared = Message & Pick<SendMailOptions, 'headers'>
type Addressed = Omit<Prepared, 'from' | 'to'> & ReturnType<typeof envelopeOf>
type Deliver = (message: Addressed, signal: AbortSignal) => Promise<void>

/** Mail for a subscriber: by SMTP_URL, or as one .eml file a message id in EBB_MAIL_FOLDER. Carries the trace. */
export const mail: Resource<Mail, Deliver> = {
  stores: ['mail'],
  open: (config) => (config.SMTP_URL ? bySmtp(config.SMTP_URL) : asFiles(config)),
  lend: (_deliver, { afterCommit, traceparent, correlationId }) => ({
    send: ({ messageId, ...message }) =>
      afterCommit({
        ...message,
        messageId: `<${messageId}>`,
        headers: { traceparent, 'x-correlation-id': correlationId },
      }),
  }),
  carryOut: async (deliver, handedOver, { signal }) => {
    // It is what `send` has handed over.
    const message = handedOver as Prepared
    await deliver({ ...message, ...envelopeOf(message) }, signal)
  },
}

/** Waits no longer than the signal allows. What the server refuses for good is a 422, which the relay takes as final. */
function bySmtp(url: string): Deliver {
  let transport: ReturnType<typeof createSmtpTransport> | undefined
  return async (message, signal) => {
    transport ??= createSmtpTransport(url)
    const aborted = Promise.withResolvers<never>()
    const onAbort = () => aborted.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      signal.throwIfAborted()
      await Promise.race([transport.sendMail(toSend(message)), aborted.promise])
    } catch (cause) {
      if (signal.aborted) throw cause
      if (isFinal(cause)) throw new Problem('mail_refused', 422, 'The mail server refuses this message.', { cause })
      throw new Problem('unavailable', 503, 'The mail server takes no message just now.', { cause })
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }
}

/** RFC 5321, 4.2.1: 5yz is a permanent negative completion; nodemailer keeps the server's code. */
const isFinal = (fault: unknown) => /^5\d\d$/.test(String(Object(fault).responseCode))

/** nodemailer's own lists can be added to. */
const toSend = ({ to, ...message }: Addressed): SendMailOptions => ({ ...message, to: [...to] })

/** A message that is written twice is one file, and no other message is. */
function asFiles(config: Config): Deliver {
  const folder = need(config, 'EBB_MAIL_FOLDER')
  return async (message) => {
    const transport = createTransport({ streamTransport: true, buffer: true })
    const { message: bytes } = await transport.sendMail(toSend(message))
    const file = join(folder, `${fileNameOf(message.messageId)}.eml`)
    const unfinished = `${file}.${randomUUID()}`
    await mkdir(folder, { recursive: true })
    await writeFile(unfinished, Buffer.isBuffer(bytes) ? bytes : '')
    await rename(unfinished, file)
  }
}

/** Of which a file system takes 255, with what is written beside it for a moment. */
const MAX_NAME = 180

/** Another name for each id: what stands for itself does, all else is percent-encoded. */
function fileNameOf(messageId: string): string {
  const name = encodeURIComponent(messageId.slice(1, -1)).replaceAll('%40', '@')
  if (name.length <= MAX_NAME) return name
  return `${name.slice(0, MAX_NAME - 65)}-${createHash('sha256').update(messageId).digest('hex')}`
}
