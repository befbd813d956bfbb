import type { Element } from './match-vectors.ts'

/** A rule's summary with the labels and the value of what it is about, as Prometheus fills it in. */
export const fillSummary = (template: string, { labels, value }: Element): string =>
  template
    .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => labels[name] ?? '')
    .replaceAll(/\{\{ \$value(?: \| (\w+))? \}\}/g, (_, format = 'plain') => (FORMATS[format] ?? plain)(value))

const plain = (value: number) => String(Number(value.toPrecision(4)))

const DURATIONS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const

/** The two largest units of it: `2d 3h`. */
function humanizeDuration(seconds: number): string {
  let rest = Math.round(Math.abs(seconds))
  const parts = DURATIONS.flatMap(([unit, size]) => {
    const count = Math.floor(rest / size)
    rest -= count * size
    return count > 0 ? [`${count}${unit}`] : []
  })
  return `${seconds < 0 ? '-' : ''}${parts.slice(0, 2).join(' ') || '0s'}`
}

const scaled =
  (base: number, units: readonly string[]) =>
  (value: number): string => {
    const power = Math.min(units.length, Math.max(0, Math.floor(Math.log(Math.abs(value) || 1) / Math.log(base))))
    return `${plain(value / base ** power)}${units[power - 1] ?? ''}`
  }

const FORMATS: Readonly<Record<string, (value: number) => string>> = {
  plain,
  humanize: scaled(1_000, ['k', 'M', 'G', 'T']),
  humanize1024: scaled(1_024, ['Ki', 'Mi', 'Gi', 'Ti']),
  humanizeDuration,
  humanizePercentage: (ratio) => `${plain(ratio * 100)}%`,
}
