import type pg from 'pg'

/**
 * Sends statements in one packet, so that together they take one round trip: all that `send` sends before it returns. Waits for
 * all of them. Rejects with the first error; what comes after that one has failed as well, where all are of one transaction.
 */
export async function sendTogether<const Sent extends readonly Promise<unknown>[]>(
  client: pg.ClientBase,
  send: () => Sent,
): Promise<{ -readonly [Place in keyof Sent]: Awaited<Sent[Place]> }> {
  // pg looks at it before each statement, and its types leave it out; a client of a pool has its connection.
  const piped = client as pg.Client & { pipeline: boolean }
  const { stream } = piped.connection
  piped.pipeline = true
  try {
    stream.cork()
    let sent: Sent
    try {
      sent = send()
    } finally {
      stream.uncork()
    }
    const settled = await Promise.allSettled(sent)
    const failed = settled.find((one) => one.status === 'rejected')
    if (failed) throw failed.reason
    return await Promise.all(sent)
  } finally {
    piped.pipeline = false
  }
}
