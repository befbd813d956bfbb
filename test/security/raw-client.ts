import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'

/** What came back on one connection. */
export interface RawOutcome {
  /** Of all responses, in order; 100 among them. */
  readonly statuses: readonly number[]
  /** The `error` of each Problem, in order. */
  readonly codes: readonly string[]
  /** Whether the gateway has closed the connection, or taken another request on it; or neither in time. */
  readonly connection: 'closed' | 'open' | 'hangs'
}

interface RawOptions {
  /** Written one after the other, each after what is read as the head of a response to the one before. */
  readonly parts: readonly string[]
  /** A request that is answered if the connection is still good; none is sent where `undefined`. */
  readonly probe: ((correlationId: string) => string) | undefined
  /** Whether responses have no body, as those to HEAD. */
  readonly bodiless?: boolean
  /** Ends its own side after the last part. */
  readonly halfClose?: boolean
  readonly limitMs?: number
}

/** Writes bytes to a port, and reads what comes back until the connection is closed or a probe is answered. */
export async function exchange(port: number, options: RawOptions): Promise<RawOutcome> {
  const { parts, probe, bodiless = false, halfClose = false, limitMs = 20_000 } = options
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  const probeId = randomUUID()
  let text = ''
  let over = false
  const changes = new EventTarget()
  const change = () => changes.dispatchEvent(new Event('change'))
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    change()
  })
  for (const event of ['end', 'close', 'error'])
    socket.on(event, () => {
      over = true
      change()
    })
  const limit = AbortSignal.timeout(limitMs)
  const until = async (condition: () => boolean) => {
    while (!over && !limit.aborted && !condition()) await nextChange(changes, limit)
  }
  const write = (part: string) => void (socket.writable && socket.write(Buffer.from(part, 'latin1')))

  for (const [index, part] of parts.entries()) {
    const before = text.length
    if (index > 0) await until(() => text.length > before)
    write(part)
  }
  if (halfClose) socket.end()
  else if (probe) write(probe(probeId))
  await until(() => text.includes(probeId))
  const connection = over ? 'closed' : text.includes(probeId) ? 'open' : 'hangs'
  socket.destroy()
  const responses = parseResponses(text, { bodiless }).filter(({ head }) => !head.includes(probeId))
  const codes = responses.map(({ body }) => /"error":"(\w+)"/.exec(body)?.[1] ?? '').filter((code) => code !== '')
  return { statuses: responses.map(({ status }) => status), codes, connection }
}

async function nextChange(changes: EventTarget, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  changes.addEventListener('change', () => resolve(), { once: true })
  signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}

interface RawResponse {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** All responses of a text; what is no response is one with the status NaN. */
function parseResponses(text: string, { bodiless }: { readonly bodiless: boolean }): readonly RawResponse[] {
  const responses: RawResponse[] = []
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\r\n\r\n', at)
    const head = text.slice(at, end < 0 ? text.length : end)
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1])
    const length =
      bodiless || status < 200 || status === 204 ? 0 : Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0)
    const begin = end < 0 ? text.length : end + 4
    responses.push({ status, head, body: text.slice(begin, begin + length) })
    at = begin + length
  }
  return responses
}
