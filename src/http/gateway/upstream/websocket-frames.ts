/**
 * Follows where the frames of one direction of a WebSocket begin (RFC 6455, 5.2), without a look at what is in them, so that a
 * close frame can be put between two of them.
 */
export interface FrameFollower {
  /** Takes what comes next; returns how many of its bytes are up to the end of the last frame that ends in it. */
  readonly follow: (chunk: Uint8Array) => number
  /** Whether a frame may begin here. */
  readonly isBetween: () => boolean
}

/** Of a header: two bytes, up to eight of the length, four of the mask. */
const MAX_HEADER_BYTES = 14

export function followFrames(): FrameFollower {
  const header = new Uint8Array(MAX_HEADER_BYTES)
  let headerBytes = 0
  let payloadBytes = 0

  return {
    isBetween: () => headerBytes === 0 && payloadBytes === 0,
    follow(chunk) {
      let at = 0
      let end = 0
      while (at < chunk.length) {
        if (payloadBytes > 0) {
          const taken = Math.min(payloadBytes, chunk.length - at)
          payloadBytes -= taken
          at += taken
        } else {
          header[headerBytes++] = chunk[at++] ?? 0
          if (headerBytes < 2 || headerBytes < headerLengthOf(header)) continue
          payloadBytes = payloadLengthOf(header)
          headerBytes = 0
        }
        if (payloadBytes === 0 && headerBytes === 0) end = at
      }
      return end
    },
  }
}

function headerLengthOf(header: Uint8Array): number {
  const second = header[1] ?? 0
  const length = second & 0x7f
  return 2 + (length === 127 ? 8 : length === 126 ? 2 : 0) + (second & 0x80 ? 4 : 0)
}

function payloadLengthOf(header: Uint8Array): number {
  const length = (header[1] ?? 0) & 0x7f
  if (length < 126) return length
  let long = 0
  for (let i = 2; i < (length === 126 ? 4 : 10); i++) long = long * 256 + (header[i] ?? 0)
  return long
}

/** A close frame with a code; what a client sends is masked, with zeros here, which leave it as it is. */
export const closeFrame = (code: number, { masked }: { readonly masked: boolean }): Uint8Array =>
  Uint8Array.of(0x88, masked ? 0x82 : 0x02, ...(masked ? [0, 0, 0, 0] : []), code >> 8, code & 0xff)
