import * as z from 'zod'
import {
  type EndpointContract,
  type FormBody,
  type StreamBody,
  streamedBodyOf,
  toInput,
  usualReply,
} from '../../contract/index.ts'
import type { Random } from './random.ts'
import { createSampler } from './sampler.ts'

const SAMPLES = 3

/** A body of a contract that is no JSON, and its media type; undefined where the contract has none. */
export function sampleStreamedBody(contract: EndpointContract, random: Random) {
  const body = streamedBodyOf(contract)
  if (!body) return undefined
  if (body.kind === 'form') return sampleForm(body, random)
  return { contentType: concreteType(body.type), body: sampleText(body, random) }
}

function sampleText({ item, maxBytes }: StreamBody, random: Random): string {
  if (!item) return 'sample\n'.slice(0, maxBytes)
  const sample = createSampler(toInput(item))
  const lines = Array.from({ length: SAMPLES }, () => `${JSON.stringify(sample(random))}\n`).join('')
  // A line that is cut fits no schema.
  return Buffer.byteLength(lines) > maxBytes ? '' : lines
}

const BOUNDARY = 'ebb-sample'

function sampleForm({ fields, files = {} }: FormBody, random: Random) {
  // The sampler makes an object of a z.object.
  const texts = fields ? (createSampler(toInput(fields))(random) as Readonly<Record<string, unknown>>) : {}
  const parts = [
    ...Object.entries(texts).flatMap(([name, value]) =>
      [value].flat().map((one) => part(`name="${name}"`, String(one))),
    ),
    ...Object.entries(files).map(([name, { type, maxBytes }]) =>
      part(`name="${name}"; filename="sample"\r\ncontent-type: ${concreteType(type)}`, 'sample'.slice(0, maxBytes)),
    ),
  ]
  return {
    contentType: `multipart/form-data; boundary=${BOUNDARY}`,
    body: `${parts.join('')}--${BOUNDARY}--\r\n`,
  }
}

const part = (head: string, content: string) =>
  `--${BOUNDARY}\r\ncontent-disposition: form-data; ${head}\r\n\r\n${content}\r\n`

const OF_A_KIND: Readonly<Record<string, string>> = {
  'image/*': 'image/png',
  'audio/*': 'audio/mpeg',
  'video/*': 'video/mp4',
  'text/*': 'text/plain',
}

/** The first media type; of a kind, one that is common. */
export function concreteType(given: string | readonly string[]): string {
  const [type = ''] = [given].flat()
  return OF_A_KIND[type] ?? (type.endsWith('/*') ? 'application/octet-stream' : type)
}

/** What is streamed as a reply: some items, or bytes; undefined where a contract has no streamed reply. */
export function sampleReplyStream(contract: EndpointContract, random: Random): readonly unknown[] | undefined {
  const { stream } = usualReply(contract)
  if (!stream) return undefined
  const { item } = stream
  if (!(item instanceof z.ZodType)) return ['sample\n']
  const sample = createSampler(item)
  return Array.from({ length: SAMPLES }, () => sample(random))
}
