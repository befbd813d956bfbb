import { OtlpError } from './read-otlp.ts'

/** A message of protobuf: for each field its name, and how it is read; `[…]` is repeated. */
interface Message {
  readonly [field: number]: readonly [name: string, type: FieldType | readonly [FieldType]]
}
type FieldType = 'text' | 'hex' | 'int' | 'bool' | 'double' | 'fixed64' | (() => Message)

const ANY_VALUE: Message = {
  1: ['stringValue', 'text'],
  2: ['boolValue', 'bool'],
  3: ['intValue', 'int'],
  4: ['doubleValue', 'double'],
  5: ['arrayValue', () => ({ 1: ['values', [() => ANY_VALUE]] })],
  6: ['kvlistValue', () => ({})],
  7: ['bytesValue', () => ({})],
}
const KEY_VALUE: Message = { 1: ['key', 'text'], 2: ['value', () => ANY_VALUE] }
const SPAN: Message = {
  1: ['traceId', 'hex'],
  2: ['spanId', 'hex'],
  4: ['parentSpanId', 'hex'],
  5: ['name', 'text'],
  6: ['kind', 'int'],
  7: ['startTimeUnixNano', 'fixed64'],
  8: ['endTimeUnixNano', 'fixed64'],
  9: ['attributes', [() => KEY_VALUE]],
  11: ['events', [() => ({ 2: ['name', 'text'], 3: ['attributes', [() => KEY_VALUE]] })]],
  15: ['status', () => ({ 2: ['message', 'text'], 3: ['code', 'int'] })],
}
const RESOURCE: Message = { 1: ['attributes', [() => KEY_VALUE]] }
const SCOPE_SPANS: Message = { 2: ['spans', [() => SPAN]] }
const RESOURCE_SPANS: Message = { 1: ['resource', () => RESOURCE], 2: ['scopeSpans', [() => SCOPE_SPANS]] }
const EXPORT_REQUEST: Message = { 1: ['resourceSpans', [() => RESOURCE_SPANS]] }

/** More than any value of ours is nested: whoever sends more has no memory of this process for it. */
const MAX_DEPTH = 16

/** An ExportTraceServiceRequest in protobuf as it is in JSON, for `readOtlp`. Throws an OtlpError where it is something else. */
export const readOtlpProtobuf = (bytes: Uint8Array): unknown =>
  readMessage(new Reader(bytes), EXPORT_REQUEST, MAX_DEPTH)

function readMessage(reader: Reader, message: Message, depth: number): Readonly<Record<string, unknown>> {
  if (depth === 0) throw new OtlpError('the message is nested too deeply')
  const read: Record<string, unknown> = {}
  while (!reader.isAtEnd) {
    const tag = reader.varint()
    const [field, wire] = [Number(tag >> 3n), Number(tag & 7n)]
    const known = message[field]
    if (!known) {
      reader.skip(wire)
      continue
    }
    const [name, type] = known
    if (typeof type === 'object') {
      const list = (read[name] as unknown[] | undefined) ?? []
      list.push(readField(reader, wire, type[0], depth))
      read[name] = list
    } else read[name] = readField(reader, wire, type, depth)
  }
  return read
}

const WIRE_OF = { text: 2, hex: 2, int: 0, bool: 0, double: 1, fixed64: 1 } as const

function readField(reader: Reader, wire: number, type: FieldType, depth: number): unknown {
  if (wire !== (typeof type === 'function' ? 2 : WIRE_OF[type])) throw new OtlpError('a field has another wire type')
  if (typeof type === 'function') return readMessage(new Reader(reader.bytes()), type(), depth - 1)
  if (type === 'text') return Buffer.from(reader.bytes()).toString()
  if (type === 'hex') return Buffer.from(reader.bytes()).toString('hex')
  if (type === 'int') return Number(BigInt.asIntN(64, reader.varint()))
  if (type === 'bool') return reader.varint() !== 0n
  return type === 'double' ? reader.eight().readDoubleLE() : String(reader.eight().readBigUInt64LE())
}

/** Reads the wire format of protobuf, and never past the end. */
class Reader {
  readonly #buffer: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#buffer.length
  }

  varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#take(1)[0] ?? 0
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new OtlpError('a number has too many bytes')
  }

  bytes(): Buffer {
    return this.#take(Number(this.varint()))
  }

  eight(): Buffer {
    return this.#take(8)
  }

  skip(wire: number): void {
    if (wire === 0) this.varint()
    else if (wire === 1) this.#take(8)
    else if (wire === 2) this.bytes()
    else if (wire === 5) this.#take(4)
    else throw new OtlpError('a field has an unknown wire type')
  }

  #take(count: number): Buffer {
    const end = this.#at + count
    if (end > this.#buffer.length) throw new OtlpError('the message ends too early')
    const taken = this.#buffer.subarray(this.#at, end)
    this.#at = end
    return taken
  }
}
