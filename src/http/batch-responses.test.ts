import { once } from 'node:events'
import { createServer, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { endInBatch } from './batch-responses.ts'

const taken: ServerResponse[] = []
const server = createServer((_request, response) => {
  taken.push(response)
  server.emit('taken')
})
const port = () => (server.address() as AddressInfo).port

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterAll(async () => {
  server.closeAllConnections()
  await once(server.close(), 'close')
})

/** Sends this many requests, each on a connection of its own; resolves when all have arrived, with their responses to come. */
async function take(many: number) {
  taken.length = 0
  const answers = Array.from({ length: many }, async () => {
    const [answer] = await once(request({ port: port(), agent: false }).end(), 'response')
    return (await answer.setEncoding('utf8').toArray()).join('')
  })
  while (taken.length < many) await once(server, 'taken')
  return answers
}

describe('responses that are ready in the same turn of the event loop', () => {
  it('are sent when it is over, each with its own body', async () => {
    const answers = await take(20)
    for (const [i, response] of taken.entries()) endInBatch(response, `answer ${i}`)
    expect(taken.map((response) => response.writableEnded)).not.toContain(true)
    await Promise.all(taken.map((response) => once(response, 'finish')))
    expect((await Promise.all(answers)).sort()).toEqual(Array.from({ length: 20 }, (_, i) => `answer ${i}`).sort())
  })

  it('wait for a late one in the turn only until it is ready', async () => {
    const answers = await take(2)
    const [first, late] = taken as [ServerResponse, ServerResponse]
    endInBatch(first, 'first')
    const busyUntil = performance.now() + 5
    while (performance.now() < busyUntil);
    endInBatch(late, 'late')
    expect([first.writableEnded, late.writableEnded]).toEqual([true, true])
    expect((await Promise.all(answers)).sort()).toEqual(['first', 'late'])
  })

  it('are sent although the caller of another one has hung up', async () => {
    const gone = connect(port(), '127.0.0.1')
    taken.length = 0
    gone.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(server, 'taken')
    const [lost] = taken as [ServerResponse]
    gone.resetAndDestroy()
    await once(lost, 'close')
    const [answer] = await take(1)
    endInBatch(lost, 'never read')
    endInBatch(taken[0] as ServerResponse, 'here')
    expect(await answer).toBe('here')
  })
})
