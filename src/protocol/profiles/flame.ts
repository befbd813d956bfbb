import type { CallFrame, CpuProfile, HeapNode, RecordedProfile } from './profile.ts'

/** One call of a flame graph: `total` is what it and all below it took, `self` what it took itself. */
export interface Flame {
  readonly name: string
  /** `functions/place-order/handler.ts:12`, as long a path as the profile has; '' for what has no source. */
  readonly place: string
  readonly self: number
  readonly total: number
  readonly children: readonly Flame[]
}

export interface FlameGraph {
  readonly unit: 'ms' | 'bytes'
  readonly total: number
  readonly flame: Flame
}

/** Deeper than this, and smaller than a thousandth of all, is a part of the call above. */
const MAX_DEPTH = 100
const MIN_SHARE = 0.001
/** What is no work of the process. */
const IDLE = '(idle)'

interface Call {
  readonly callFrame: CallFrame
  readonly self: number
  readonly children: readonly Call[]
}

/** Makes a flame graph of a profile. `total` is the sum of all `self`: idle time is none of it. */
export function toFlameGraph(recorded: RecordedProfile): FlameGraph {
  const root = recorded.kind === 'cpu' ? callsOf(recorded.profile) : allocationsOf(recorded.profile.head)
  const total = totalOf(root)
  return { unit: recorded.kind === 'cpu' ? 'ms' : 'bytes', total, flame: toFlame(root, total * MIN_SHARE, 0) }
}

function callsOf({ nodes, samples = [], timeDeltas = [] }: CpuProfile): Call {
  const msOf = new Map<number, number>()
  for (const [i, id] of samples.entries()) msOf.set(id, (msOf.get(id) ?? 0) + Math.max(0, timeDeltas[i] ?? 0) / 1_000)
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const callOf = (id: number): readonly Call[] => {
    const node = byId.get(id)
    if (!node || node.callFrame.functionName === IDLE) return []
    const { callFrame, children = [] } = node
    return [{ callFrame, self: msOf.get(id) ?? 0, children: children.flatMap(callOf) }]
  }
  // V8 has the root first.
  return callOf(nodes[0]?.id ?? 0)[0] ?? EMPTY
}

const EMPTY: Call = {
  callFrame: { functionName: '(root)', url: '', lineNumber: 0, columnNumber: 0 },
  self: 0,
  children: [],
}

const allocationsOf = ({ callFrame, selfSize, children }: HeapNode): Call => ({
  ...{ callFrame, self: selfSize, children: children.map(allocationsOf) },
})

const totalOf = ({ self, children }: Call): number => children.reduce((sum, child) => sum + totalOf(child), self)

function toFlame({ callFrame, self, children }: Call, least: number, depth: number): Flame {
  const shown = depth < MAX_DEPTH ? children.filter((child) => totalOf(child) >= least && totalOf(child) > 0) : []
  const hidden = children.filter((child) => !shown.includes(child)).reduce((sum, child) => sum + totalOf(child), 0)
  const flames = shown.map((child) => toFlame(child, least, depth + 1)).sort((a, b) => b.total - a.total)
  const own = self + hidden
  return {
    ...{ name: callFrame.functionName || '(anonymous)', place: placeOf(callFrame) },
    ...{ self: own, total: flames.reduce((sum, { total }) => sum + total, own), children: flames },
  }
}

const placeOf = ({ url, lineNumber }: CallFrame) => (url ? `${url.replace(/^file:\/\//, '')}:${lineNumber + 1}` : '')

/** The functions that took the most themselves, wherever they were called from. */
export function hottest({ flame }: FlameGraph, count: number): readonly Pick<Flame, 'name' | 'place' | 'self'>[] {
  const sums = new Map<string, { readonly name: string; readonly place: string; self: number }>()
  const add = ({ name, place, self, children }: Flame) => {
    const key = `${name}\n${place}`
    const known = sums.get(key) ?? { name, place, self: 0 }
    known.self += self
    sums.set(key, known)
    children.forEach(add)
  }
  add(flame)
  return [...sums.values()]
    .filter(({ self }) => self > 0)
    .sort((a, b) => b.self - a.self)
    .slice(0, count)
}
