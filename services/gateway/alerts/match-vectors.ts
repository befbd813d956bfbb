import type { Binary } from './parse-promql.ts'
import type { Labels } from './series-store.ts'

/** A value with the labels that tell it from others. */
export interface Element {
  readonly labels: Labels
  readonly value: number
}

export type Vector = readonly Element[]
export type Value = number | Vector

type Operation = Pick<Binary, 'operator' | 'on' | 'groupLeft'>

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
}
const COMPARISON: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
}

/** Joins both sides of an operator: numbers as they are, and elements by their labels (Prometheus: Vector matching). */
export function join(operation: Operation, left: Value, right: Value): Value {
  if (typeof left === 'number') {
    if (typeof right === 'number') return ARITHMETIC[operation.operator]?.(left, right) ?? Number.NaN
    throw new Error(`no alert has a number before ${operation.operator}`)
  }
  if (typeof right === 'number') return left.flatMap((element) => apply(operation, element, right))
  return joinVectors(operation, left, right)
}

function joinVectors(operation: Operation, left: Vector, right: Vector): Vector {
  const { operator, on } = operation
  const key = ({ labels }: Element) => JSON.stringify(Object.entries(only(labels, on)).sort())
  const there = new Map(right.map((element) => [key(element), element]))
  if (operator === 'and') return left.filter((element) => there.has(key(element)))
  if (operator === 'unless') return left.filter((element) => !there.has(key(element)))
  if (operator === 'or') {
    const here = new Set(left.map(key))
    return [...left, ...right.filter((element) => !here.has(key(element)))]
  }
  return left.flatMap((element) => {
    const other = there.get(key(element))
    if (!other) return []
    const labels = on && !operation.groupLeft ? only(element.labels, on) : element.labels
    return apply(operation, { ...element, labels }, other.value)
  })
}

/** The element with its new value; none where a comparison does not hold. */
function apply({ operator }: Operation, element: Element, right: number): Vector {
  const compare = COMPARISON[operator]
  if (compare) return compare(element.value, right) ? [element] : []
  return [{ ...element, value: ARITHMETIC[operator]?.(element.value, right) ?? Number.NaN }]
}

const only = (labels: Labels, names: readonly string[] | undefined): Labels =>
  names ? Object.fromEntries(Object.entries(labels).filter(([name]) => names.includes(name))) : labels
