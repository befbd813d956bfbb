import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { startParts } from './start-parts.ts'
import { watchRss } from './watch-rss.ts'

const CHUNK = Buffer.alloc(64 * 1024, 'x')
/** Before it is measured, both processes have loaded and compiled what they need. */
const WARM_UP_BYTES = 64 * 2 ** 20

/** What one transfer through gateway and function took. */
export interface Transfer {
  readonly bytes: number
  readonly seconds: number
  /** By how much the memory of each has grown at most, in MiB. */
  readonly gatewayMiB: number
  readonly functionMiB: number
}

/** Uploads a file of this size through a gateway to a function. */
export const measureUpload = (bytes: number) => measure('keep-file', upload, bytes)

/** Downloads a file of this size. */
export const measureDownload = (bytes: number) => measure('get-file', download, bytes)

async function measure(
  name: string,
  transfer: (url: string, bytes: number) => Promise<number>,
  bytes: number,
): Promise<Transfer> {
  const parts = await startParts(name)
  try {
    const { current, url } = parts
    await transfer(url, WARM_UP_BYTES)
    const gateway = await watchRss(current.gateway.pid)
    const fn = await watchRss(current.function.pid)
    const startedAt = performance.now()
    const arrived = await transfer(url, bytes)
    const seconds = (performance.now() - startedAt) / 1_000
    const [gatewayMiB, functionMiB] = [await gateway.stop(), await fn.stop()]
    return { bytes: arrived, seconds, gatewayMiB, functionMiB }
  } finally {
    await parts.close()
  }
}

async function upload(url: string, bytes: number): Promise<number> {
  const call = request(`${url}/v1/files`, { method: 'POST', headers: { 'content-type': 'application/octet-stream' } })
  const responding = once(call, 'response') as Promise<[IncomingMessage]>
  await pipeline(Readable.from(chunksOf(bytes)), call)
  const [response] = await responding
  if (response.statusCode !== 200) throw new Error(`the upload was answered ${response.statusCode}`)
  return Number(Object(await json(response)).bytes)
}

export function* chunksOf(bytes: number) {
  for (let left = bytes; left > 0; left -= CHUNK.length) yield left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK
}

async function download(url: string, bytes: number): Promise<number> {
  const [response] = (await once(request(`${url}/v1/files?bytes=${bytes}`).end(), 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`the download was answered ${response.statusCode}`)
  let arrived = 0
  for await (const chunk of response) arrived += (chunk as Buffer).length
  return arrived
}
