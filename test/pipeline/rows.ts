import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'

/** The table that the functions of this folder write and read. */
export const CREATE_TABLE = `
  create table measured (
    id bigint primary key, sensor text not null, at timestamptz not null, celsius float8 not null check (celsius > -80)
  )`

const PIECE_ROWS = 1_000

/** Rows as lines, by thousands: of NDJSON, or as \`\\copy\` of psql reads them; `special` has what some rows are instead. */
export function* linesOf(
  rows: number,
  { first = 1, format = 'ndjson' as 'ndjson' | 'copy', special = {} as Readonly<Record<number, object>> } = {},
): Generator<string> {
  for (let from = first; from < first + rows; from += PIECE_ROWS) {
    let piece = ''
    for (let id = from; id < Math.min(from + PIECE_ROWS, first + rows); id++) {
      const row = { id, sensor: `sensor-${id % 100}`, at: timeOf(id), celsius: (id % 400) / 10, ...special[id] }
      piece += format === 'copy' ? `${Object.values(row).join('\t')}\n` : `${JSON.stringify(row)}\n`
    }
    yield piece
  }
}

const FIRST_TIME_MS = 1_800_000_000_000
const timeOf = (id: number) => new Date(FIRST_TIME_MS + id * 1_000).toISOString()

/** Sends lines as one request, and returns what is answered. */
export async function putRows(url: string, lines: Iterable<string> | Readable) {
  const call = request(`${url}/v1/rows`, { method: 'POST', headers: { 'content-type': 'application/x-ndjson' } })
  const responding = once(call, 'response') as Promise<[IncomingMessage]>
  // An answer may come before all is sent.
  pipeline(lines instanceof Readable ? lines : Readable.from(lines), call).catch(() => {})
  const [response] = await responding
  const body: { rows?: number; error?: string; message?: string } = JSON.parse(await text(response))
  call.destroy()
  return { status: response.statusCode, body }
}

/** Reads all rows, and returns how many there are. */
export async function countRows(url: string): Promise<number> {
  const [response] = (await once(request(`${url}/v1/rows`).end(), 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`the rows were answered ${response.statusCode}`)
  let rows = 0
  for await (const chunk of response as AsyncIterable<Buffer>) for (const byte of chunk) if (byte === LF) rows++
  return rows
}

const LF = 10
