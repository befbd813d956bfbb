import type { Readable } from 'node:stream'
import { Busboy, type BusboyFileStream } from '@fastify/busboy'
import {
  type FormBody,
  type FormFile,
  isOneOf,
  MAX_FIELDS_BYTES,
  mediaTypeOf,
  type Strings,
  type ValidationIssue,
} from '../../contract/index.ts'
import { invalidRequest } from '../request-problems.ts'

/** The parts of a form, by name. */
interface ReadForm {
  readonly fields: Strings
  readonly files: Readonly<Record<string, FormFile>>
  readonly issues: readonly ValidationIssue[]
}

const MAX_FIELDS = 1_000
const MAX_ISSUES = 50
const MAX_NAME_LENGTH = 200

/**
 * Reads a body of the type multipart/form-data (RFC 7578) into memory: its texts, and those of its files that the form names,
 * each up to its limit. Rejects with a Problem where it is none, and where the body breaks off.
 */
export function readForm(body: Readable, contentType: string, { files = {} }: FormBody): Promise<ReadForm> {
  const fields = new Map<string, string[]>()
  const found = new Map<string, FormFile>()
  const begun = new Set<string>()
  const issues: ValidationIssue[] = []
  const refuse = (name: string, message: string) => {
    const path = `body.${name.slice(0, MAX_NAME_LENGTH)}`.toWellFormed()
    if (issues.length < MAX_ISSUES) issues.push({ path, message })
  }
  const takeFile = (name: string, content: BusboyFileStream, filename: string, type: string) => {
    const declared = Object.hasOwn(files, name) ? files[name] : undefined
    const types = [declared?.type ?? []].flat()
    if (!declared) refuse(name, 'Unknown key')
    else if (begun.has(name)) refuse(name, 'Given more than once')
    const isFirst = !begun.has(name)
    begun.add(name)
    const chunks: Buffer[] = []
    let bytes = 0
    content.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (declared && bytes <= declared.maxBytes) chunks.push(chunk)
      else chunks.length = 0
    })
    content.on('end', () => {
      // What a page's form sends where no file was chosen.
      if (!declared || !isFirst || (filename === '' && bytes === 0)) return
      if (bytes > declared.maxBytes) return refuse(name, `At most ${declared.maxBytes} bytes`)
      if (!isOneOf(types, mediaTypeOf(type))) return refuse(name, `Must be ${types.join(' or ')}`)
      found.set(name, { name: filename, type: mediaTypeOf(type), bytes: Buffer.concat(chunks) })
    })
  }
  let textBytes = 0
  const takeField = (name: string, text: string, isCut: boolean) => {
    textBytes += name.length + text.length
    if (isCut || textBytes > MAX_FIELDS_BYTES)
      return refuse(name, `The texts may have ${MAX_FIELDS_BYTES} bytes in all`)
    fields.set(name, [...(fields.get(name) ?? []), text])
  }
  return new Promise((resolve, reject) => {
    const parser = createParser(contentType, Object.keys(files).length)
    const fail = (error: Error) => {
      body.unpipe(parser)
      reject(error)
    }
    parser.on('file', (name, content, filename, _encoding, type) => {
      content.on('error', (error) => fail(malformed(error)))
      takeFile(name ?? '', content, filename ?? '', type)
    })
    parser.on('field', (name, text, _isNameCut, isCut) => takeField(name ?? '', text, isCut))
    for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const)
      parser.on(limit, () => refuse('', 'More parts than a form may have'))
    parser.on('error', (error) => fail(malformed(error)))
    parser.on('finish', () => resolve({ fields: Object.fromEntries(fields), files: Object.fromEntries(found), issues }))
    body.on('error', fail).pipe(parser)
  })
}

function createParser(contentType: string, files: number) {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      limits: {
        ...{ fields: MAX_FIELDS, parts: MAX_FIELDS + files + 1, files: files + 1 },
        ...{ fieldSize: MAX_FIELDS_BYTES, headerPairs: 20, headerSize: 8 * 1024 },
      },
    })
  } catch (error) {
    throw malformed(error)
  }
}

const malformed = (error: unknown) =>
  invalidRequest([
    { path: 'body', message: `Not multipart/form-data: ${error instanceof Error ? error.message : String(error)}` },
  ])
