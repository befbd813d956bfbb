import { expect, it } from '@jest/globals'
import { joinStories } from './join-stories.ts'

type Story = Parameters<typeof joinStories>[0][number]
type Step = Story['steps'][number]

const AT_MS = Date.parse('2026-11-30T09:00:00Z')
const answered: Step = { atMs: 0, durationMs: 3, part: 'gateway', kind: 'request', says: 'GET /: 429', failed: true }
const emitted: Step = { atMs: 0, durationMs: null, part: 'write', kind: 'event', says: 'emits it', failed: false }
const delivered: Step = { ...emitted, part: 'relay', kind: 'delivery', says: 'it, attempt 1: 500', failed: true }

const story = (beganMs: number, steps: readonly Step[], more: Partial<Story> = {}): Story => ({
  ...{ id: 'c', correlationIds: ['c'], traceIds: [], startedAt: new Date(AT_MS + beganMs).toISOString() },
  ...{ causes: [], slowest: null, unseen: ['the log'], steps: [...steps], ...more },
})

it('has what the database knows once, and what each gateway has answered, in order', () => {
  const late = { ...delivered, atMs: 40 }
  const first = story(100, [answered, { ...emitted, atMs: 10 }, { ...late, atMs: 50 }])
  const joined = joinStories([first, story(110, [emitted, late]), story(0, [answered])])
  expect(joined.startedAt).toBe('2026-11-30T09:00:00.000Z')
  expect(joined.steps.map(({ part, atMs }) => `${part} ${atMs}`)).toEqual([
    ...['gateway 0', 'gateway 100', 'write 110', 'relay 150'],
  ])
  expect([joined.correlationIds, joined.unseen]).toEqual([['c'], ['the log']])
})

it('names a cause once, by the step that it has here', () => {
  const cause = { part: 'relay', says: 'it failed' }
  const joined = joinStories([
    story(10, [emitted, delivered], { causes: [{ ...cause, step: 1 }], slowest: { ...cause, step: 0 } }),
    story(0, [answered, { ...emitted, atMs: 10 }, { ...delivered, atMs: 11 }], { causes: [{ ...cause, step: 2 }] }),
  ])
  expect(joined.causes).toEqual([{ ...cause, step: 2 }])
  expect(joined.slowest).toEqual({ ...cause, step: 1 })
})
