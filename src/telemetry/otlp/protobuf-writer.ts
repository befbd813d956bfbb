/** Wire types of protobuf's encoding. */
const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

const INITIAL_BYTES = 64 * 1024
/** A buffer that had to grow beyond this is not reused. */
const MAX_KEPT_BYTES = 1024 * 1024
/** The maximum size of a field besides its text or its bytes: a tag, and a number or a length. */
const MAX_FIELD_BYTES = 16
const TWO_32 = 2 ** 32

/** Writes protobuf messages field by field into one buffer, which grows as needed and is reused. */
export class ProtobufWriter {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES)
  #at = 0

  /** What was written; valid until clear(). */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  clear(): void {
    this.#at = 0
    if (this.#bytes.length > MAX_KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(INITIAL_BYTES)
  }

  /** Begins a nested message. Returns what close() takes. */
  open(field: number): number {
    this.#tag(field, LENGTH_DELIMITED)
    return this.#at++
  }

  /** Ends a message. One byte was left for its length; a message of 128 bytes and more is moved to make room. */
  close(start: number): void {
    const length = this.#at - start - 1
    if (length > 127) {
      const more = varintBytes(length) - 1
      this.#reserve(more)
      this.#bytes.copyWithin(start + 1 + more, start + 1, this.#at)
      this.#at += more
    }
    const end = this.#at
    this.#at = start
    this.#varint(length)
    this.#at = end
  }

  string(field: number, text: string): void {
    this.#reserve(text.length * 3)
    const start = this.open(field)
    const { length } = text
    const bytes = this.#bytes
    let at = start + 1
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) {
        at = start + 1 + bytes.write(text, start + 1)
        break
      }
      bytes[at++] = code
    }
    this.#at = at
    this.close(start)
  }

  bytes(field: number, value: Uint8Array): void {
    const start = this.open(field)
    this.#reserve(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
    this.close(start)
  }

  /** The bytes that lower-case hexadecimal digits stand for. */
  hex(field: number, digits: string): void {
    const start = this.open(field)
    for (let i = 0; i < digits.length; i += 2) {
      this.#bytes[this.#at++] = (digit(digits.charCodeAt(i)) << 4) | digit(digits.charCodeAt(i + 1))
    }
    this.close(start)
  }

  /** An integer; a negative one is written as int64. */
  integer(field: number, value: number): void {
    this.#tag(field, VARINT)
    if (value >= 0 && value < TWO_32) this.#varint(value)
    else this.#varint64(BigInt.asUintN(64, BigInt(value)))
  }

  double(field: number, value: number): void {
    this.#tag(field, FIXED64)
    this.#at = this.#bytes.writeDoubleLE(value, this.#at)
  }

  fixed32(field: number, value: number): void {
    this.#tag(field, FIXED32)
    this.#at = this.#bytes.writeUInt32LE(value, this.#at)
  }

  /** Seconds and nanoseconds since 1970 as nanoseconds, computed in integers that a double represents exactly: 10^9 is 5^9 times 2^9. */
  nanoseconds(field: number, [seconds, nanoseconds]: readonly [number, number]): void {
    const fifths = seconds * 5 ** 9
    const low = (fifths % 2 ** 23) * 2 ** 9 + nanoseconds
    const carry = low >= TWO_32 ? 1 : 0
    this.#tag(field, FIXED64)
    this.#at = this.#bytes.writeUInt32LE(low - carry * TWO_32, this.#at)
    this.#at = this.#bytes.writeUInt32LE(Math.floor(fifths / 2 ** 23) + carry, this.#at)
  }

  #tag(field: number, wireType: number) {
    this.#reserve(MAX_FIELD_BYTES)
    this.#varint((field << 3) | wireType)
  }

  #varint(value: number) {
    let rest = value
    while (rest > 127) {
      this.#bytes[this.#at++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.#bytes[this.#at++] = rest
  }

  #varint64(value: bigint) {
    let rest = value
    while (rest > 127n) {
      this.#bytes[this.#at++] = Number(rest & 127n) | 128
      rest >>= 7n
    }
    this.#bytes[this.#at++] = Number(rest)
  }

  /** Ensures that so many more bytes, and the overhead of a field, can be written. */
  #reserve(bytes: number) {
    const needed = this.#at + bytes + MAX_FIELD_BYTES
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}

const digit = (code: number) => (code < 58 ? code - 48 : code - 87)

const varintBytes = (value: number) =>
  value < 2 ** 7 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : value < 2 ** 28 ? 4 : 5
