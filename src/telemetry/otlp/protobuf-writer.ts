/** Wire types of protobuf's encoding. */
const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

const INITIAL_BYTES = 64 * 1024
/** A buffer that had to grow beyond this, for once, is not kept. */
const MAX_KEPT_BYTES = 1024 * 1024
/** The most that a field takes besides its text or its bytes: a tag, and a number or a length. */
const MAX_FIELD_BYTES = 16
const TWO_32 = 2 ** 32

/** Writes protobuf messages field by field into one buffer, which grows as it must and is used again. */
export class ProtobufWriter {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES)
  #at = 0

  /** What was written: good until clear(). */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  clear(): void {
    this.#at = 0
    if (this.#bytes.length > MAX_KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(INITIAL_BYTES)
  }

  /** Begins a message within this one; close() is to be told what this answers. */
  open(field: number): number {
    this.#tag(field, LENGTH_DELIMITED)
    return this.#at++
  }

  /** Ends a message, whose length takes the place of one byte: most are shorter than 128, and others are moved. */
  close(start: number): void {
    const length = this.#at - start - 1
    if (length > 127) {
      const more = varintBytes(length) - 1
      this.#room(more)
      this.#bytes.copyWithin(start + 1 + more, start + 1, this.#at)
      this.#at += more
    }
    const end = this.#at
    this.#at = start
    this.#varint(length)
    this.#at = end
  }

  string(field: number, text: string): void {
    this.#room(text.length * 3)
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
    this.#room(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
    this.close(start)
  }

  /** Hexadecimal digits in lower case as the bytes that they stand for. */
  hex(field: number, digits: string): void {
    const start = this.open(field)
    for (let i = 0; i < digits.length; i += 2) {
      this.#bytes[this.#at++] = (digit(digits.charCodeAt(i)) << 4) | digit(digits.charCodeAt(i + 1))
    }
    this.close(start)
  }

  /** A whole number: as int64 where it is negative. */
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

  /** Seconds and nanoseconds since 1970 as nanoseconds, in numbers that a double holds exactly: 10^9 is 5^9 times 2^9. */
  nanoseconds(field: number, [seconds, nanoseconds]: readonly [number, number]): void {
    const fifths = seconds * 5 ** 9
    const low = (fifths % 2 ** 23) * 2 ** 9 + nanoseconds
    const carry = low >= TWO_32 ? 1 : 0
    this.#tag(field, FIXED64)
    this.#at = this.#bytes.writeUInt32LE(low - carry * TWO_32, this.#at)
    this.#at = this.#bytes.writeUInt32LE(Math.floor(fifths / 2 ** 23) + carry, this.#at)
  }

  #tag(field: number, wireType: number) {
    this.#room(MAX_FIELD_BYTES)
    this.#varint((field << 3) | wireType)
  }

  #varint(value: number) {
    let left = value
    while (left > 127) {
      this.#bytes[this.#at++] = (left & 127) | 128
      left >>>= 7
    }
    this.#bytes[this.#at++] = left
  }

  #varint64(value: bigint) {
    let left = value
    while (left > 127n) {
      this.#bytes[this.#at++] = Number(left & 127n) | 128
      left >>= 7n
    }
    this.#bytes[this.#at++] = Number(left)
  }

  /** Sees that so many bytes more, and a field's own, can be written. */
  #room(bytes: number) {
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
