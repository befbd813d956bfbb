import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Log } from '../../kernel/index.ts'
import { readAtMost } from '../../protocol/read-at-most.ts'
import { OtlpError, readOtlp } from '../../protocol/traces/read-otlp.ts'
import { readOtlpProtobuf } from '../../protocol/traces/read-otlp-protobuf.ts'
import { readRecords } from './read-records.ts'
import { openTraceReader } from './read-traces.ts'
import { TRACES_FILE, type TraceStore } from './trace-store.ts'

interface ReceiverOptions {
  readonly dataDir: string
  readonly store: Pick<TraceStore, 'add'>
  /** With which what is kept may be read. */
  readonly adminKey: string
  readonly log: Pick<Log, 'warn'>
}

/** As sent, and unpacked. */
const [MAX_BODY_BYTES, MAX_UNPACKED_BYTES] = [4 * 1024 * 1024, 16 * 1024 * 1024]

/**
 * Answers `POST /v1/traces` of OTLP/HTTP in JSON and protobuf, and to whoever has the admin key `GET /traces?filter=`,
 * `/traces/{id}` and `/records?id=`. No web page can send spans: it would have to ask first for these content types (Fetch, 4.8).
 */
export function createReceiver({ dataDir, store, adminKey, log }: ReceiverOptions) {
  const reader = openTraceReader(join(dataDir, TRACES_FILE))
  let hasFailed = false

  async function take(request: IncomingMessage): Promise<Answer> {
    const type = request.headers['content-type']?.replace(/;.*/, '').trim()
    const encoding = request.headers['content-encoding'] ?? 'identity'
    if (type !== JSON_TYPE && type !== PROTOBUF_TYPE) return refuse(415, `send ${JSON_TYPE} or ${PROTOBUF_TYPE}`)
    if (encoding !== 'identity' && encoding !== 'gzip') return refuse(415, 'send it as it is, or in gzip')
    const { bytes: sent, isWhole } = await readAtMost(request, MAX_BODY_BYTES)
    if (!isWhole) return refuse(413, `send at most ${MAX_BODY_BYTES} bytes at once`)
    try {
      const body = encoding === 'gzip' ? await unpack(sent, { maxOutputLength: MAX_UNPACKED_BYTES }) : sent
      store.add(readOtlp(type === JSON_TYPE ? JSON.parse(Buffer.from(body).toString()) : readOtlpProtobuf(body)))
    } catch (error) {
      if (isUnreadable(error)) return refuse(400, (error as Error).message)
      if (!hasFailed) log.warn(`spans are not kept: ${(error as Error).message}`)
      hasFailed = true
      // Of the statuses that no exporter tries again (OTLP 1.x, failures).
      return refuse(500, 'it cannot be kept')
    }
    return { status: 200, type, body: type === JSON_TYPE ? '{}' : '' }
  }

  function tell(url: URL): Answer {
    const [, kind, id] = url.pathname.split('/')
    if (kind === 'records') return ok(readRecords(dataDir, url.searchParams.getAll('id')))
    if (kind === 'traces' && id) return ok({ spans: reader.read(id) })
    if (kind === 'traces') return ok(reader.list(JSON.parse(url.searchParams.get('filter') ?? '{"limit":50}')))
    return refuse(404, 'there is nothing at this path')
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? '/', 'http://recorder')
    if (url.pathname === '/v1/traces') return request.method === 'POST' ? take(request) : refuse(405, 'send POST')
    if (request.headers.authorization !== `Bearer ${adminKey}`) return refuse(401, 'send the admin key')
    return tell(url)
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, type, body } = await answer(request).catch((error) => refuse(500, String(Object(error).message)))
    // What was refused unread is not read either.
    if (!request.complete) response.setHeader('connection', 'close')
    response.writeHead(status, { 'content-type': type }).end(body)
  }
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

const JSON_TYPE = 'application/json'
const PROTOBUF_TYPE = 'application/x-protobuf'
const unpack = promisify(gunzip)

const ok = (value: unknown): Answer => ({ status: 200, type: JSON_TYPE, body: JSON.stringify(value) })
const refuse = (status: number, message: string): Answer => ({
  ...{ status, type: JSON_TYPE, body: JSON.stringify({ message }) },
})

const isUnreadable = (error: unknown) =>
  error instanceof OtlpError ||
  error instanceof SyntaxError ||
  /^(Z_|ERR_BUFFER_TOO_LARGE)/.test(String(Object(error).code))
