import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { type CloudEvent, HTTP, type Message } from 'cloudevents'

/** What brings the events of one type to one address, as a Trigger of Knative does. */
export interface TestTrigger {
  readonly type: string
  readonly to: string
  readonly deadLettersTo: string
}

interface ScriptedBrokerOptions {
  /** The token with which it calls. */
  readonly token: () => string
  /** Requests in all before it gives an event up; default: 3. */
  readonly attempts?: number
  /** How often it brings each event that was taken; default: once. */
  readonly copies?: number
  /** What it answers to the request number `count`: a status, or `reset`, after it has stored the event. Default: 202. */
  readonly answer?: (count: number) => number | 'reset'
}

/** These, and any 5xx, are tried again: https://github.com/knative/specs, eventing/data-plane.md. */
const TRIED_AGAIN = [404, 408, 409, 429]
const RETRY_MS = 10

/**
 * A broker on loopback that speaks CloudEvents by the official SDK, stores what it has taken over its own end, and brings it
 * to triggers as Knative does: at least once, with attempts that end, and a dead-letter sink.
 */
export async function startScriptedBroker({
  token,
  attempts = 3,
  copies = 1,
  answer = () => 202,
}: ScriptedBrokerOptions) {
  const state = { answer, headers: {} as Readonly<Record<string, string>>, seen: [] as IncomingMessage['headers'][] }
  const stored: CloudEvent<unknown>[] = []
  const triggers: TestTrigger[] = []
  const running = new Set<Promise<void>>()
  let isUp = true
  let isOver = false
  let count = 0
  let port = 0
  let server: Server

  const call = async (url: string, message: Message): Promise<{ status: number; body: string }> => {
    const headers = { ...(message.headers as Record<string, string>), authorization: `Bearer ${token()}` }
    try {
      const response = await fetch(url, { method: 'POST', headers, body: message.body as string })
      return { status: response.status, body: await response.text() }
    } catch (error) {
      return { status: 0, body: String(error) }
    }
  }
  const untilUp = async () => {
    while (!isUp && !isOver) await delay(RETRY_MS)
  }
  const bring = async (event: CloudEvent<unknown>, { to, deadLettersTo }: TestTrigger) => {
    const message = HTTP.binary(event)
    let last = { status: 0, body: '' }
    for (let attempt = 1; attempt <= attempts && !isOver; attempt++) {
      await untilUp()
      last = await call(to, message)
      if (last.status >= 200 && last.status <= 299) return
      if (last.status !== 0 && last.status < 500 && !TRIED_AGAIN.includes(last.status)) break
      await delay(RETRY_MS * attempt)
    }
    const given = {
      knativeerrordest: to,
      knativeerrorcode: last.status,
      knativeerrordata: Buffer.from(last.body).toString('base64').slice(0, 1_024),
    }
    const deadLetter = HTTP.binary(event.cloneWith(given))
    while (!isOver && (await call(deadLettersTo, deadLetter)).status !== 202) await delay(RETRY_MS)
  }
  const publish = (event: CloudEvent<unknown>) => {
    for (const trigger of triggers.filter(({ type }) => type === event.type)) {
      for (let copy = 0; copy < copies; copy++) {
        const run = bring(event, trigger).finally(() => running.delete(run))
        running.add(run)
      }
    }
  }
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request)
    const answered = state.answer(++count)
    state.seen.push(request.headers)
    if (answered === 'reset' || answered < 300) {
      const event = HTTP.toEvent({ headers: request.headers, body }) as CloudEvent<unknown>
      event.validate()
      stored.push(event)
      publish(event)
    }
    if (answered === 'reset') request.socket.destroy()
    else response.writeHead(answered, state.headers).end()
  }
  const start = async () => {
    server = createServer((request, response) => {
      take(request, response).catch((error: unknown) => response.writeHead(400).end(String(error)))
    })
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    // A server that listens on a port has an address.
    port = (server.address() as AddressInfo).port
    isUp = true
  }
  const kill = async () => {
    isUp = false
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }
  await start()
  return {
    ...{ state, stored, start, kill },
    /** Forgets what it has stored. */
    stop: () => {
      isOver = true
      return kill()
    },
    url: `http://127.0.0.1:${port}/ns/default`,
    subscribe: (trigger: TestTrigger) => void triggers.push(trigger),
    /** Resolves when nothing is under way to a trigger. */
    settled: async () => {
      while (running.size > 0) await Promise.all(running)
    },
  }
}
