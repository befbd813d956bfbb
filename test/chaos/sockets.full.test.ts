import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { openSockets } from './sockets/open-sockets.ts'
import { measureRecovery, NETWORK_CONDITIONS } from './sockets/recovery.ts'

/** Far more than bench/recovery prints: a machine may be busy, and this is no measurement. */
const LIMIT_MS = 60_000
const BUSY_MS = 10_000

const database = testDatabase()
let all: Awaited<ReturnType<typeof openSockets>>
beforeAll(async () => {
  all = await openSockets(database.url)
})
afterAll(() => all.close())

describe.each(Object.entries(NETWORK_CONDITIONS))('where connections are %s', (_name, condition) => {
  it('every socket is well again by itself, and no use of it hangs', async () => {
    const recoveries = await Promise.all(
      all.sockets.map(async (socket) => ({
        ...{ name: socket.name, limitMs: socket.limitMs + BUSY_MS },
        ...(await measureRecovery(socket, condition, { lastsMs: 2_000, limitMs: LIMIT_MS })),
      })),
    )
    expect(recoveries.filter(({ wellAfterMs }) => wellAfterMs === undefined)).toEqual([])
    expect(recoveries.filter(({ longestMs, limitMs }) => longestMs > limitMs)).toEqual([])
  })
})
