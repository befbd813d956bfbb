import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { SignedRequest } from '../../src/data/objects/sign-request.ts'
import type { Handle } from './handle.ts'

const MEBIBYTE = 2 ** 20
const PART = Buffer.alloc(16 * MEBIBYTE, 'x')
const hashOf = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')
const PART_HASH = hashOf(PART)

/** Sends this part of a request's body and then, where it is not all, cuts the connection. Returns the status, where there is one. */
async function send({ method, url, headers }: SignedRequest, body: Uint8Array, bytes: number) {
  const call = request(url, { method, headers: { ...headers, 'content-length': String(body.length) } })
  call.on('error', () => {})
  if (bytes < body.length) {
    call.write(body.subarray(0, bytes), () => call.destroy())
    await new Promise((resolve) => call.once('close', resolve))
    return undefined
  }
  call.end(body)
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode
}

/** Uploads by signed URLs, in parts; in the middle of one the connection is cut, and the rest goes on from what has arrived. */
export async function uploadByUrl(handle: Handle, bytes: number): Promise<string> {
  const type = 'application/octet-stream'
  const { id, parts } = await handle(({ sql, objects }) => objects.presignUpload(sql, { type, bytes }))
  if (!parts) throw new Error(`${bytes} bytes come in parts`)
  const contentOf = (number: number) =>
    number < parts.count ? PART : PART.subarray(0, bytes - (parts.count - 1) * parts.bytes)
  const cutAt = Math.ceil(parts.count / 2)
  /** Sends what is missing, up to the middle of a part where the connection is to be cut. */
  const sendMissing = async ({ cuts }: { readonly cuts: boolean }) => {
    const arrived = new Set(await handle(({ sql, objects }) => objects.arrivedParts(sql, id)))
    const missing = Array.from({ length: parts.count }, (_, i) => i + 1).filter((number) => !arrived.has(number))
    if (!cuts && missing[0] !== cutAt) throw new Error(`it goes on at part ${missing[0]} and was cut in ${cutAt}`)
    const named = missing.map((number) => {
      const sha256 = number < parts.count ? PART_HASH : hashOf(contentOf(number))
      return { number, sha256 }
    })
    for (const part of await handle(({ sql, objects }) => objects.presignParts(sql, id, named))) {
      const content = contentOf(part.number)
      const isCut = cuts && part.number === cutAt
      const status = await send(part, content, isCut ? content.length >> 1 : content.length)
      if (isCut) return
      if (status !== 200) throw new Error(`part ${part.number} was answered ${status}`)
    }
  }
  await sendMissing({ cuts: true })
  await sendMissing({ cuts: false })
  await handle(({ sql, objects }) => objects.complete({ sql }, id))
  return id
}

/** Downloads by a signed URL; in its middle the connection is cut, and a range gets the rest. Returns how many bytes have come. */
export async function downloadByUrl(handle: Handle, id: string, bytes: number): Promise<number> {
  const link = await handle(({ sql, objects }) => objects.presignDownload(sql, id))
  let arrived = 0
  for (const until of [bytes >> 1, bytes]) {
    const call = request(link?.url ?? '', { headers: { range: `bytes=${arrived}-` } })
    call.on('error', () => {})
    call.end()
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    if (response.statusCode !== 206) throw new Error(`the download was answered ${response.statusCode}`)
    for await (const chunk of response) {
      arrived += (chunk as Buffer).length
      if (until < bytes && arrived >= until) break
    }
    call.destroy()
  }
  return arrived
}
