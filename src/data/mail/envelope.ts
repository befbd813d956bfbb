import { Problem } from '../../contract/index.ts'

/** An e-mail address: alone, with a name as text (`Ada <ada@example.com>`), or with its name apart, which may hold anything. */
export type Address = string | { readonly name: string; readonly address: string }

interface Addressed {
  readonly messageId: string
  readonly from: Address
  readonly to: Address | readonly Address[]
}

interface Mailbox {
  readonly name: string
  readonly address: string
}

/** Of one mailbox only: what could part a list, a group or a quoted name stands in no name that is text. */
const TEXT = /^(?<name>[^,;:<>@"()\\\p{Cc}]*)<(?<address>[^<>]*)>$/u
const ADDRESS = /^[^\s@<>"(),:;\\[\]\p{Cc}]+@[^\s@<>"(),:;\\\p{Cc}]+$/u
/** RFC 5322, 3.6.4, with its brackets. */
const MESSAGE_ID = /^<[^\s@<>\p{Cc}]+@[^\s@<>\p{Cc}]+>$/u

/**
 * Whom a message is from and to, each as one mailbox. Throws a 422 that says what to write where a mail server would refuse
 * it, or would read more than one mailbox in one text.
 */
export function envelopeOf({ messageId, from, to }: Addressed): {
  readonly from: Mailbox
  readonly to: readonly Mailbox[]
} {
  if (!MESSAGE_ID.test(messageId)) throw refused('`messageId` must be `local@domain`')
  const recipients = (Array.isArray(to) ? to : [to]).map((one) => mailbox('to', one))
  if (recipients.length === 0) throw refused('`to` names nobody')
  return { from: mailbox('from', from), to: recipients }
}

function mailbox(field: 'from' | 'to', given: Address): Mailbox {
  const { name = '', address = given } = typeof given === 'string' ? (TEXT.exec(given.trim())?.groups ?? {}) : given
  if (typeof address === 'string' && ADDRESS.test(address.trim()) && !/[\r\n]/.test(name))
    return { name: name.trim(), address: address.trim() }
  throw refused(`\`${field}\` must be an address, or { name, address }; several are a list of these`)
}

const refused = (why: string) => new Problem('mail_refused', 422, `This message cannot be sent: ${why}.`)
