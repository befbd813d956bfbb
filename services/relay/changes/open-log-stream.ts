import pg from 'pg'
import { CONNECTION_OPTIONS, destroyConnection, endConnection } from '../../../src/data/postgres/connection.ts'
import { type LogMessage, parsePgoutput } from './parse-pgoutput.ts'

/** What comes from the write-ahead log, in the order of commits. */
export interface LogStream {
  /** Resolves to the next message; to undefined once the stream is closed. Rejects where the connection breaks or the server ends it. */
  next(): Promise<LogMessage | undefined>
  /** Whether nothing has come that was not taken yet. */
  isDrained(): boolean
  /** All up to this place is where it belongs: the server may forget it. */
  confirm(lsn: bigint): void
  close(): Promise<void>
}

interface LogStreamOptions {
  readonly slot: string
  readonly publication: string
  /** Called where the server has nothing for us up to this place, and everything that came was taken. */
  readonly onIdle: (lsn: bigint) => void
  /** How often the server is told, and asked, how far it is. It ends a connection that says nothing for a minute. Default: 10 s. */
  readonly statusMs?: number
}

const STATUS_MS = 10_000
/** What is taken from the socket before the reader has taken what came before. */
const MAX_WAITING_BYTES = 1024 * 1024
/** As on any connection whose values are read: docs/values.md. */
const FORMATS = '-c datestyle=iso -c intervalstyle=postgres -c timezone=UTC -c extra_float_digits=1 -c bytea_output=hex'
const XLOG_DATA = 0x77
const KEEPALIVE = 0x6b
const XLOG_DATA_HEAD = 1 + 8 + 8 + 8
/** Microseconds since 2000. */
const nowUs = () => (BigInt(Date.now()) - 946_684_800_000n) * 1_000n

/**
 * Reads a logical replication slot from where it was last confirmed. What the reader does not take stays with the server: the socket is
 * paused, and memory is bounded on both sides, since the server writes what a large transaction has done to a file. Rejects where the
 * server refuses it, such as with 55006 while another one reads the slot.
 * @see https://www.postgresql.org/docs/18/protocol-replication.html
 */
export async function openLogStream(
  connectionString: string,
  { slot, publication, onIdle, statusMs = STATUS_MS }: LogStreamOptions,
): Promise<LogStream> {
  const config = { ...CONNECTION_OPTIONS, connectionString, application_name: 'ebb changes', options: FORMATS }
  // `replication` is an option of pg that its types leave out.
  const client = new pg.Client({ ...config, replication: 'database' } as pg.ClientConfig)
  const wire = client.connection as ReplicationWire
  const waiting: LogMessage[] = []
  let waitingBytes = 0
  let confirmed = 0n
  let ended: { readonly error?: unknown } | undefined
  let wakeUp = Promise.withResolvers<void>()
  const wake = () => {
    wakeUp.resolve()
    wakeUp = Promise.withResolvers()
  }
  const end = (error?: unknown) => {
    ended ??= error === undefined ? {} : { error }
    wake()
  }
  const sendStatus = ({ wantsReply }: { readonly wantsReply: boolean }) => {
    if (!ended) wire.sendCopyFromChunk(standbyStatus(confirmed, wantsReply))
  }
  const take = (chunk: Buffer) => {
    if (chunk[0] === XLOG_DATA) {
      waiting.push(parsePgoutput(chunk.subarray(XLOG_DATA_HEAD)))
      waitingBytes += chunk.length
      if (waitingBytes > MAX_WAITING_BYTES) wire.stream.pause()
      wake()
    } else if (chunk[0] === KEEPALIVE) {
      if (waiting.length === 0) onIdle(chunk.readBigUInt64BE(1))
      if (chunk[1 + 8 + 8] === 1) sendStatus({ wantsReply: false })
    }
  }
  client.on('error', end)
  client.on('end', () => end(new Error('the server has ended the connection')))
  await client.connect()
  const started = Promise.withResolvers<void>()
  wire.once('replicationStart', () => started.resolve())
  wire.on('copyData', ({ chunk }: { readonly chunk: Buffer }) => {
    try {
      take(chunk)
    } catch (error) {
      end(error)
    }
  })
  const options = `proto_version '1', publication_names '${publication}', messages 'true'`
  // It is answered at the end of the stream only, or by a refusal.
  client.query(`START_REPLICATION SLOT ${slot} LOGICAL 0/0 (${options})`).then(
    () => end(new Error('the server has ended the stream')),
    (error) => {
      end(error)
      started.reject(error)
    },
  )
  try {
    await started.promise
  } catch (error) {
    destroyConnection(client)
    throw error
  }
  const status = setInterval(() => sendStatus({ wantsReply: true }), statusMs)
  return {
    next: async () => {
      while (waiting.length === 0 && !ended) {
        waitingBytes = 0
        wire.stream.resume()
        await wakeUp.promise
      }
      if (ended?.error !== undefined) throw ended.error
      return waiting.shift()
    },
    isDrained: () => waiting.length === 0,
    confirm: (lsn) => {
      if (lsn <= confirmed) return
      confirmed = lsn
      sendStatus({ wantsReply: false })
    },
    close: async () => {
      clearInterval(status)
      end()
      await endConnection(client)
    },
  }
}

/** What pg's connection has and its types leave out. */
interface ReplicationWire extends pg.Connection {
  sendCopyFromChunk(chunk: Buffer): void
}

function standbyStatus(lsn: bigint, wantsReply: boolean): Buffer {
  const status = Buffer.alloc(1 + 8 * 4 + 1)
  status.write('r')
  // Written, flushed and applied up to here.
  for (const at of [1, 9, 17]) status.writeBigUInt64BE(lsn, at)
  status.writeBigInt64BE(nowUs(), 25)
  status[33] = wantsReply ? 1 : 0
  return status
}
