import { expect, it } from '@jest/globals'
import { closeFrame, followFrames } from './websocket-frames.ts'

const frame = (length: number, { masked = false } = {}) => {
  const size =
    length < 126
      ? [length]
      : length < 65_536
        ? [126, length >> 8, length & 0xff]
        : [127, 0, 0, 0, 0, length >> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff]
  const [first = 0, ...rest] = size
  // The payload looks like the headers of other frames.
  return Uint8Array.of(
    0x82,
    first | (masked ? 0x80 : 0),
    ...rest,
    ...(masked ? [1, 2, 3, 4] : []),
    ...Array(length).fill(0x82),
  )
}

it.each([0, 1, 125, 126, 65_535, 65_536])(
  'finds the end of a frame of %i bytes, in one piece and in many',
  (length) => {
    for (const masked of [false, true]) {
      const bytes = frame(length, { masked })
      expect(followFrames().follow(bytes)).toBe(bytes.length)
      const frames = followFrames()
      // Its header byte by byte, and then in larger pieces.
      for (let at = 0; at < bytes.length; ) {
        const piece = bytes.subarray(at, at + (at < 16 ? 1 : 1_000))
        at += piece.length
        const isEnd = at === bytes.length
        expect([frames.follow(piece), frames.isBetween()]).toEqual([isEnd ? piece.length : 0, isEnd])
      }
    }
  },
)

it('finds the last end in a piece of several frames', () => {
  const bytes = Buffer.concat([frame(3), frame(200), frame(5).subarray(0, 4)])
  const frames = followFrames()
  expect([frames.isBetween(), frames.follow(bytes), frames.isBetween()]).toEqual([true, 5 + 204, false])
  expect([frames.follow(frame(5).subarray(4)), frames.isBetween()]).toEqual([3, true])
})

it.each([
  [false, [0x88, 2, 3, 0xe9]],
  [true, [0x88, 0x82, 0, 0, 0, 0, 3, 0xe9]],
])('a close frame, masked: %s', (masked, bytes) => {
  expect([...closeFrame(1001, { masked })]).toEqual(bytes)
  expect(followFrames().follow(closeFrame(1001, { masked }))).toBe(bytes.length)
})
