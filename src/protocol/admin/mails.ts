import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { Time } from './admin-schemas.ts'

const Mail = z.object({
  id: z.string(),
  ...{ at: Time.describe('When it was written last.'), from: z.string(), to: z.array(z.string()), subject: z.string() },
  correlationId: z.string().nullable().describe('Of the request that led to it.'),
})

const params = z.object({ id: z.string().min(1).max(255) })

export const listMails = adminEndpoint({
  ...{ name: 'mails.list', method: 'GET', path: '/v1/mails' },
  summary: 'List the last hundred mails that functions of this laptop have sent, the newest first.',
  description: 'A laptop without SMTP_URL sends none: it keeps them in a folder. Elsewhere there is no such list.',
  reply: { status: 200, body: z.object({ mails: z.array(Mail) }) },
  failures: { no_mailbox: 404 },
})

export const showMail = adminEndpoint({
  ...{ name: 'mails.show', method: 'GET', path: '/v1/mails/{id}' },
  summary: 'Show a mail as its reader sees it: its text, and its HTML.',
  params,
  reply: {
    status: 200,
    body: Mail.extend({ text: z.string(), html: z.string().nullable(), traceId: z.string().nullable() }),
  },
  failures: { no_mailbox: 404, not_found: 404 },
})

export const readMailHtml = adminEndpoint({
  ...{ name: 'mails.html', method: 'GET', path: '/v1/mails/{id}/html' },
  summary: 'Read the HTML of a mail, in a sandbox: nothing of it runs, and it loads nothing.',
  params,
  reply: { status: 200, text: 'text/html; charset=utf-8' },
  failures: { no_mailbox: 404, not_found: 404 },
})

/** A mail as it was sent. */
export type ShownMail = Readonly<z.output<typeof showMail.reply.body>>
