import { increaseOf } from './extrapolate.ts'
import { type Element, join, type Value, type Vector } from './match-vectors.ts'
import type { Expression, Selector } from './parse-promql.ts'
import type { Labels, Point, SeriesStore } from './series-store.ts'

interface Moment {
  readonly series: SeriesStore
  readonly atMs: number
}

/** The value of an expression at one moment, by what was measured until then. Throws for what the alerts do not use. */
export function evaluate(expression: Expression, moment: Moment): Value {
  switch (expression.kind) {
    case 'number':
      return expression.value
    case 'selector':
      return newest(expression, moment)
    case 'aggregate':
      return aggregate(expression, evaluate(expression.of, moment))
    case 'binary':
      return join(expression, evaluate(expression.left, moment), evaluate(expression.right, moment))
    case 'call':
      return call(expression, moment)
  }
}

const seriesOf = ({ metric, matchers }: Selector, { series }: Moment) =>
  series.find(metric).filter(({ labels }) => matchers.every(({ label, fits }) => fits(labels[label] ?? '')))

/** What a series says now: one that was not measured this time has ended. */
const newest = (selector: Selector, moment: Moment): Vector =>
  seriesOf(selector, moment).flatMap(({ labels, points }) => {
    const [atMs, value] = points.at(-1) ?? [Number.NaN, 0]
    return atMs === moment.atMs ? [{ labels, value }] : []
  })

function aggregate({ name, by }: { readonly name: string; readonly by: readonly string[] }, of: Value): Vector {
  if (typeof of === 'number') throw new Error(`${name} of a number`)
  const groups = new Map<string, { labels: Labels; values: number[] }>()
  for (const { labels, value } of of) {
    const kept = Object.fromEntries(by.flatMap((label) => (labels[label] ? [[label, labels[label]]] : [])))
    const key = JSON.stringify(kept)
    const group = groups.get(key)
    if (group) group.values.push(value)
    else groups.set(key, { labels: kept, values: [value] })
  }
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  const reduce: Readonly<Record<string, (values: readonly number[]) => number>> = {
    sum,
    min: (values) => Math.min(...values),
    max: (values) => Math.max(...values),
    avg: (values) => sum(values) / values.length,
    count: (values) => values.length,
  }
  return [...groups.values()].map(({ labels, values }) => ({ labels, value: reduce[name]?.(values) ?? Number.NaN }))
}

function call({ name, args }: { readonly name: string; readonly args: readonly Expression[] }, moment: Moment): Value {
  const [first, second] = args
  const value = () => (first ? evaluate(first, moment) : [])
  if (name === 'time') return moment.atMs / 1_000
  if (name === 'absent' && first?.kind === 'selector') return absent(first, value())
  if (name === 'abs') return mapValues(value(), Math.abs)
  if (name === 'clamp_min' && second?.kind === 'number')
    return mapValues(value(), (given) => Math.max(given, second.value))
  if ((name === 'rate' || name === 'increase') && first?.kind === 'selector' && first.rangeMs !== undefined)
    return growth(first, { perMs: name === 'rate' ? first.rangeMs : undefined, moment, rangeMs: first.rangeMs })
  throw new Error(`no alert uses ${name} so`)
}

/** 1, with the labels that the selector names exactly, where there is no such series. */
function absent({ matchers }: Selector, found: Value): Vector {
  if (typeof found !== 'number' && found.length > 0) return []
  const labels = matchers.flatMap(({ label, exact }) => (exact === undefined ? [] : [[label, exact] as const]))
  return [{ labels: Object.fromEntries(labels), value: 1 }]
}

const mapValues = (value: Value, change: (given: number) => number): Value =>
  typeof value === 'number' ? change(value) : value.map((element) => ({ ...element, value: change(element.value) }))

interface Growth {
  readonly rangeMs: number
  /** What a rate is divided by. */
  readonly perMs: number | undefined
  readonly moment: Moment
}

const growth = (selector: Selector, { rangeMs, perMs, moment }: Growth): Vector =>
  seriesOf(selector, moment).flatMap(({ labels, points }: { labels: Labels; points: readonly Point[] }): Element[] => {
    const increase = increaseOf(points, moment.atMs - rangeMs, moment.atMs)
    if (increase === undefined) return []
    return [{ labels, value: perMs === undefined ? increase : increase / (perMs / 1_000) }]
  })
