import { expect, it } from '@jest/globals'
import { type EmitOptions, readEmitOptions } from './emit-options.ts'

const NOW = Date.UTC(2026, 0, 1)
const read = (options: EmitOptions) => readEmitOptions('note.made', options, NOW)

it.each<[EmitOptions, object]>([
  [{}, {}],
  [{ subject: 'n1' }, { subject: 'n1' }],
  [{ partition: 'n1' }, { partition: 'n1' }],
  [{ afterMs: 60_000 }, { dueAt: '2026-01-01T00:01:00.000Z' }],
  [{ at: '2026-01-01T02:00:00+01:00' }, { dueAt: '2026-01-01T01:00:00.000Z' }],
  [{ at: new Date(NOW + 1) }, { dueAt: '2026-01-01T00:00:00.001Z' }],
  // What is due already needs no time.
  [{ at: new Date(NOW - 1) }, {}],
  [{ afterMs: 0 }, {}],
  [{ afterMs: -1 }, {}],
])('%j is kept as %j', (options, kept) => {
  expect(read(options)).toEqual(kept)
})

it.each<[EmitOptions, string]>([
  [{ partition: '' }, '`partition` must have 1 to 200 characters'],
  [{ partition: 'x'.repeat(201) }, '`partition` must have 1 to 200 characters'],
  [{ at: new Date(), afterMs: 1 }, 'say `at` or `afterMs`, not both'],
  [{ at: 'tomorrow' }, '`at` must be a Date or RFC 3339'],
  [{ at: new Date(Number.NaN) }, '`at` must be a Date or RFC 3339'],
  [{ at: '2028-01-01T00:00:00Z' }, 'neither more than a year ahead'],
  [{ afterMs: 367 * 86_400_000 }, 'neither more than a year ahead'],
  [{ afterMs: Number.NaN }, '`afterMs` a number'],
])('%j is refused', (options, reason) => {
  expect(() => read(options)).toThrow(reason)
})
