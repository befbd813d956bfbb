import { randomUUID } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport, type SendMailOptions } from 'nodemailer'
import { type Config, need, type Resource } from '../kernel/index.ts'
import { createSmtpTransport } from './smtp.ts'

export interface Mail {
  /** Sends one message, or rejects. The same `messageId` (RFC 5322, `local@domain`) is the same message. */
  send(message: Message): Promise<void>
}

export interface Message {
  readonly messageId: string
  readonly from: string
  readonly to: string
  readonly subject: string
  readonly text: string
}

type Deliver = (message: SendMailOptions & { readonly messageId: string }) => Promise<void>

/** Mail for a handler: by SMTP_URL, or as one .eml file a message id in EBB_MAIL_FOLDER. Carries the trace. */
export const mail: Resource<Mail, Deliver> = {
  open: (config) => (config.SMTP_URL ? bySmtp(config.SMTP_URL) : asFiles(config)),
  lend: (deliver, { traceparent, correlationId }) => ({
    send: ({ messageId, ...message }) =>
      deliver({ ...message, messageId: `<${messageId}>`, headers: { traceparent, 'x-correlation-id': correlationId } }),
  }),
}

function bySmtp(url: string): Deliver {
  let transport: ReturnType<typeof createSmtpTransport> | undefined
  return async (message) => {
    transport ??= createSmtpTransport(url)
    await transport.sendMail(message)
  }
}

/** A message that is written twice is one file. */
function asFiles(config: Config): Deliver {
  const folder = need(config, 'EBB_MAIL_FOLDER')
  return async (message) => {
    const transport = createTransport({ streamTransport: true, buffer: true })
    const { message: bytes } = await transport.sendMail(message)
    const file = join(folder, `${message.messageId.replaceAll(/[^\w.@-]/g, '')}.eml`)
    const unfinished = `${file}.${randomUUID()}`
    await mkdir(folder, { recursive: true })
    await writeFile(unfinished, Buffer.isBuffer(bytes) ? bytes : '')
    await rename(unfinished, file)
  }
}
