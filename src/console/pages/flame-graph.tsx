import { useState } from 'preact/hooks'
import { formatBytes, formatMs, formatShare, plural } from '../parts/format.ts'

/** A function of the program with what it called. */
export interface Flame {
  readonly name: string
  readonly place: string
  readonly self: number
  readonly total: number
  readonly children: readonly Flame[]
}

interface FlameGraphProps {
  readonly flame: Flame
  readonly unit: 'ms' | 'bytes'
  readonly total: number
  readonly requests: number
}

const [WIDTH, ROW, MIN_SHARE, MAX_ROWS] = [560, 20, 0.002, 40]

/** Each bar is a function, below the one that called it, as wide as its share. A table of the heaviest says the same in words. */
export function FlameGraph({ flame, unit, total, requests }: FlameGraphProps) {
  const [root, setRoot] = useState(flame)
  const bars = layOut(root)
  const format = (value: number) => (unit === 'ms' ? formatMs(value) : formatBytes(value))
  const rows = Math.max(...bars.map(({ depth }) => depth)) + 1
  return (
    <>
      <p>
        {format(total)} in {plural(requests, 'request')}.{' '}
        {root === flame ? null : (
          <button type="button" class="small" onClick={() => setRoot(flame)}>
            Show all
          </button>
        )}
      </p>
      <svg class="flame" viewBox={`0 0 ${WIDTH} ${rows * ROW}`} role="img" aria-label={`Flame graph of ${root.name}`}>
        {bars.map(({ node, depth, x, width }) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: see above
          <g key={`${depth} ${x}`} onClick={() => setRoot(node)}>
            <title>{`${node.name} ${node.place}: ${format(node.total)}`}</title>
            <rect x={x} y={depth * ROW} width={width} height={ROW} />
            {width > 40 ? (
              <text x={x + 4} y={depth * ROW + 14}>
                {node.name.slice(0, Math.floor(width / 7))}
              </text>
            ) : null}
          </g>
        ))}
      </svg>
      <ol>
        {heaviest(flame).map(({ name, place, self }) => (
          <li key={name + place}>
            {name} <code class="soft">{place}</code>: {format(self)} itself, {formatShare(total > 0 ? self / total : 0)}
          </li>
        ))}
      </ol>
    </>
  )
}

interface Bar {
  readonly node: Flame
  readonly depth: number
  readonly x: number
  readonly width: number
}

function layOut(root: Flame): readonly Bar[] {
  const bars: Bar[] = []
  const place = (node: Flame, depth: number, x: number) => {
    const width = root.total > 0 ? (node.total / root.total) * WIDTH : WIDTH
    if (width < MIN_SHARE * WIDTH || depth >= MAX_ROWS) return
    bars.push({ node, depth, x, width })
    let at = x
    for (const child of node.children) {
      place(child, depth + 1, at)
      at += root.total > 0 ? (child.total / root.total) * WIDTH : 0
    }
  }
  place(root, 0, 0)
  return bars
}

/** By what they took themselves, all their callers together. */
function heaviest(flame: Flame): readonly Pick<Flame, 'name' | 'place' | 'self'>[] {
  const sums = new Map<string, { name: string; place: string; self: number }>()
  const visit = ({ name, place, self, children }: Flame) => {
    const sum = sums.get(name + place) ?? { name, place, self: 0 }
    sum.self += self
    sums.set(name + place, sum)
    children.forEach(visit)
  }
  visit(flame)
  return [...sums.values()].sort((a, b) => b.self - a.self).slice(0, 8)
}
