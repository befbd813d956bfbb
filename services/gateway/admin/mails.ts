import { Problem } from 'ebb/contract'
import { listMails, readMailHtml, showMail } from '../../../src/protocol/admin/mails.ts'
import type { Mailbox } from '../fetch-mails.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface MailsOptions {
  /** Undefined where mail is really sent. */
  readonly mailbox?: Mailbox | undefined
}

export const mailsOperations = ({ mailbox }: MailsOptions): readonly AdminOperation[] => {
  const open = (): Mailbox => {
    if (mailbox) return mailbox
    throw new Problem('no_mailbox', 404, 'Mail is kept on a laptop only; here SMTP_URL says which server sends it.')
  }
  const find = async (id: string) => {
    const mail = await open().find(id)
    if (!mail) throw new Problem('not_found', 404, `There is no mail ${id}.`)
    return mail
  }
  return [
    operation(listMails, async () => ({
      mails: (await open().list()).map(({ text: _text, html: _html, traceId: _traceId, ...mail }) => mail),
    })),
    operation(showMail, ({ params: { id } }) => find(id)),
    operation(readMailHtml, async ({ params: { id } }, { setHeader }) => {
      const { html } = await find(id)
      if (html === null) throw new Problem('not_found', 404, 'This mail has text only.')
      setHeader('content-security-policy', SANDBOX)
      return html
    }),
  ]
}

/** Whatever stands in a mail may look as it likes, in a frame of the console, and do nothing. */
const SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
