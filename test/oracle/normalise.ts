import type { Span } from '../support/otlp-receiver.ts'

/** A span without what differs from one run to the next: ports, ids, times, databases and stacks. */
export const normalise = (span: Span): Span => ({
  ...span,
  name: text(span.name),
  attributes: values(span.attributes),
  events: span.events.map(({ name, attributes }) => ({ name, attributes: values(attributes) })),
  status: { ...span.status, ...(span.status.message === undefined ? {} : { message: text(span.status.message) }) },
})

const values = (attributes: Span['attributes']) =>
  Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, valueFor(key, value)]))

function valueFor(key: string, value: unknown): unknown {
  if (key === 'exception.stacktrace') return '<stack>'
  // A port that is told as text stays another one than a number.
  if (key.endsWith('.port')) return typeof value === 'number' ? '<port>' : `"${text(`:${value}`)}"`
  return typeof value === 'string' ? text(value) : value
}

const text = (value: string) => REPLACED.reduce((sofar, [what, by]) => sofar.replaceAll(what, by), value)

const REPLACED: readonly (readonly [RegExp, string])[] = [
  [/ebb_test_[0-9a-f]{32}/g, '<database>'],
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>'],
  [/:\d{2,5}(?=\/|$)/g, ':<port>'],
]
