import { useState } from 'preact/hooks'
import { Json } from '../parts/code.tsx'
import { formatMs } from '../parts/format.ts'

/** A span, or the gap between two of them. */
export interface TraceRow {
  readonly spanId: string | null
  readonly depth: number
  readonly part: string
  readonly name: string
  readonly kind: string
  readonly atMs: number
  readonly durationMs: number
  readonly failed: boolean
  readonly cold: boolean
  readonly says: string
  readonly attributes: Readonly<Record<string, unknown>>
}

const MAX_INDENT = 8

/** Spans below the one that they belong to, by time; gaps say what was waited for. A row opens with Enter. */
export function Waterfall({ rows, durationMs }: { readonly rows: readonly TraceRow[]; readonly durationMs: number }) {
  const [open, setOpen] = useState<number>()
  const whole = Math.max(durationMs, 0.001)
  return (
    <>
      <svg width="0" height="0" aria-hidden="true" style={{ position: 'absolute' }}>
        <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path class="hatch" d="M0 0V6" />
        </pattern>
      </svg>
      <ol class="waterfall">
        {rows.map((row, index) => (
          <li key={row.spanId ?? `gap ${index}`}>
            <button
              type="button"
              aria-expanded={open === index}
              onClick={() => setOpen(open === index ? undefined : index)}
            >
              <span class="name" style={{ paddingLeft: `${Math.min(row.depth, MAX_INDENT) * 0.75}rem` }}>
                {row.kind === 'gap' ? <em>{row.name}</em> : row.name} <span class="part">{row.part}</span>
              </span>
              <Bar row={row} whole={whole} />
              <span class="number">{formatMs(row.durationMs)}</span>
            </button>
            {open === index ? (
              <div class="detail">
                <p>
                  {row.failed ? <strong class="bad-text">failed: </strong> : null}
                  {row.says || row.name}, {formatMs(row.atMs)} after the beginning
                </p>
                {Object.keys(row.attributes ?? {}).length > 0 ? (
                  <Json value={row.attributes} label={`Attributes of ${row.name}`} />
                ) : null}
              </div>
            ) : null}
          </li>
        ))}
      </ol>
    </>
  )
}

function Bar({
  row: { kind, failed, cold, atMs, durationMs },
  whole,
}: {
  readonly row: TraceRow
  readonly whole: number
}) {
  const className = ['bar', kind === 'gap' ? 'gap' : failed ? 'failed' : cold ? 'cold' : ''].join(' ').trim()
  const [x, width] = [(atMs / whole) * 100, Math.max(0.4, (durationMs / whole) * 100)]
  return (
    <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class={className} x={Math.min(x, 99.6)} width={Math.min(width, 100 - Math.min(x, 99.6))} y={2} height={6} />
    </svg>
  )
}
