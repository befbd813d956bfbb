import { Problem } from 'ebb/contract'
import type { ShownMail } from '../../src/protocol/admin/mails.ts'

const TIMEOUT_MS = 5_000

/** The mails that functions of a laptop have sent. Each rejects with a Problem 503 where its runner does not answer. */
export interface Mailbox {
  readonly list: () => Promise<readonly ShownMail[]>
  readonly find: (id: string) => Promise<ShownMail | undefined>
}

/** The mails that are to be had at EBB_MAILS_URL. */
export function fetchMails(url: string): Mailbox {
  // The runner has the version of this gateway.
  const get = async <Result>(path: string): Promise<Result | undefined> => {
    const response = await fetch(url + path, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((cause: unknown) => {
      throw new Problem('unavailable', 503, 'The runner does not answer.', { cause, retryAfterSeconds: 2 })
    })
    if (response.status === 404) return undefined
    return (await response.json()) as Result
  }
  return {
    list: async () => (await get<readonly ShownMail[]>('')) ?? [],
    find: (id) => get(`/${encodeURIComponent(id)}`),
  }
}
