import type { AdminOutput } from '../../src/protocol/admin/admin-endpoint.ts'
import type { explainId } from '../../src/protocol/admin/traces.ts'

type Story = AdminOutput<typeof explainId>
type Finding = Story['causes'][number]

/** One story of what all gateways tell: each has what is in the database, and of the requests only its own. */
export function joinStories(parts: readonly Story[]): Story {
  const [first] = parts.toSorted((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt))
  if (!first) throw new Error('there are no stories to join')
  const namesIn = (story: Story) => nameSteps(story, parts.indexOf(story))
  const steps = new Map<string, Story['steps'][number]>()
  for (const story of parts) {
    const lateMs = Date.parse(story.startedAt) - Date.parse(first.startedAt)
    const names = namesIn(story)
    for (const [i, step] of story.steps.entries()) {
      const name = names[i] ?? ''
      if (!steps.has(name)) steps.set(name, { ...step, atMs: step.atMs + lateMs })
    }
  }
  const inOrder = [...steps].toSorted(([, a], [, b]) => a.atMs - b.atMs)
  const placeIn = (story: Story, finding: Finding): Finding => {
    const name = finding.step === null ? undefined : namesIn(story)[finding.step]
    const step = inOrder.findIndex(([known]) => known === name)
    return { ...finding, step: step < 0 ? null : step }
  }
  const placed = (of: (story: Story) => readonly (Finding | null)[]) =>
    parts.flatMap((story) => of(story).flatMap((finding) => (finding ? [placeIn(story, finding)] : [])))
  return {
    ...{ id: first.id, startedAt: first.startedAt, steps: inOrder.map(([, step]) => step) },
    correlationIds: unique(parts.flatMap(({ correlationIds }) => correlationIds)),
    traceIds: unique(parts.flatMap(({ traceIds }) => traceIds)),
    causes: [
      ...new Map(placed(({ causes }) => causes).map((cause) => [`${cause.part} ${cause.says}`, cause])).values(),
    ],
    slowest: placed(({ slowest }) => [slowest])[0] ?? null,
    unseen: unique(parts.flatMap(({ unseen }) => unseen)),
  }
}

/** What is in the database has the same name in each story, what has happened twice has two, and a gateway's own requests have one each. */
function nameSteps({ steps }: Story, story: number): readonly string[] {
  const counts = new Map<string, number>()
  return steps.map(({ part, durationMs, says }) => {
    const name = `${part === 'gateway' && durationMs !== null ? story : ''} ${part} ${says}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
    return `${name} ${counts.get(name)}`
  })
}

const unique = (texts: readonly string[]) => [...new Set(texts)]
