import { existsSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'

interface Frame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
  readonly columnNumber: number
}

/** As `node --cpu-prof` writes it. */
export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame; readonly children?: readonly number[] }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

export interface Spent {
  /** The package, the layer of our own sources, or the module of Node where neither of them asked for it. */
  readonly part: string
  readonly place: string
  readonly ms: number
}

/** Where a process was busy in its first milliseconds: what Node does on behalf of a package or a layer counts as theirs. */
export function* readProfile(
  { nodes, samples, timeDeltas }: CpuProfile,
  { untilMs }: { untilMs: number },
): Iterable<Spent> {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  let sinceMs = 0
  for (const [i, id] of samples.entries()) {
    const ms = (timeDeltas[i] ?? 0) / 1_000
    sinceMs += ms
    if (sinceMs > untilMs) return
    const frame = byId.get(id)
    if (!frame || frame.functionName === '(idle)') continue
    let own: string | undefined
    for (let at: number | undefined = id; at !== undefined && !own; at = parents.get(at)) own = sourceOf(byId.get(at))
    const native = frame.url.startsWith('node:') || frame.url === '' ? ` → ${frame.url} ${frame.functionName}` : ''
    yield { part: own ? partOf(own) : `node ${frame.url || frame.functionName}`, place: `${own ?? ''}${native}`, ms }
  }
}

/** `file:line function` of a frame in a bundle, by its source map. */
function sourceOf(frame: Frame | undefined): string | undefined {
  const file = frame?.url.replace('file://', '')
  if (!frame || !file?.endsWith('.cjs')) return undefined
  const entry = mapOf(file)?.findEntry(frame.lineNumber, frame.columnNumber)
  if (!entry || !('originalSource' in entry)) return `${file.split('/').pop()} ${frame.functionName}`
  return `${entry.originalSource.replace(/^(\.\.\/)+/, '')}:${entry.originalLine + 1} ${frame.functionName}`
}

const partOf = (source: string) =>
  /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ??
  /((?:src\/\w+|functions|domain)\b)/.exec(source)?.[1] ??
  source.replace(/[-:\s].*/, '')

const maps = new Map<string, SourceMap | undefined>()

function mapOf(file: string): SourceMap | undefined {
  if (!maps.has(file)) {
    const map = `${file}.map`
    maps.set(file, existsSync(map) ? new SourceMap(JSON.parse(readFileSync(map, 'utf8'))) : undefined)
  }
  return maps.get(file)
}
