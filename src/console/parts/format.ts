/** A duration as people say it: `840 µs`, `12 ms`, `3.2 s`, `4 min`, `2 h`, `3 d`. */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return '–'
  if (ms < 1) return ms === 0 ? '0 ms' : `${Math.round(ms * 1_000)} µs`
  if (ms < 1_000) return `${ms < 10 ? trim(ms) : Math.round(ms)} ms`
  const [value, unit] = LONGER.find(([size]) => ms < size * 1_000)?.slice(1) ?? LAST
  return `${trim(ms / 1_000 / Number(value))} ${unit}`
}
const LONGER: readonly (readonly [below: number, size: number, unit: string])[] = [
  [120, 1, 's'],
  [7_200, 60, 'min'],
  [172_800, 3_600, 'h'],
]
const LAST = [86_400, 'd'] as const

const trim = (value: number) => (value < 10 ? String(Math.round(value * 10) / 10) : String(Math.round(value)))

/** How long ago, or in how long. */
export function formatAgo(at: string, now = Date.now()): string {
  const ms = now - Date.parse(at)
  if (Math.abs(ms) < 1_000) return 'now'
  return ms > 0 ? `${formatMs(ms)} ago` : `in ${formatMs(-ms)}`
}

export function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`
  const power = Math.min(3, Math.floor(Math.log2(bytes) / 10))
  return `${trim(bytes / 1_024 ** power)} ${['B', 'KiB', 'MiB', 'GiB'][power]}`
}

export const formatShare = (share: number): string =>
  share === 0 ? '0 %' : share < 0.001 ? '< 0.1 %' : `${trim(share * 100)} %`

export const formatCount = (count: number): string => count.toLocaleString('en')

/** One of it, or several. */
export const plural = (count: number, one: string, several = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : several}`

/** The start of an id, by which people tell it from others on the same page. */
export const shortId = (id: string): string => id.slice(0, 8)

/** Money as its currency is written, with as many digits as it takes to see it. */
export const formatMoney = (amount: number | null | undefined, currency: string | null): string => {
  if (amount === null || amount === undefined || currency === null) return '–'
  const digits =
    amount !== 0 && Math.abs(amount) < 0.01 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 2 }
  return new Intl.NumberFormat('en', { style: 'currency', currency, ...digits }).format(amount)
}
