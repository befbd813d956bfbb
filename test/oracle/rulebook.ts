import type { Span } from '../support/otlp-receiver.ts'
import type { Side } from './pair-spans.ts'

/** A difference that is known and decided. */
export interface Rule {
  /** The span's name on either side, normalised: all of it, or a pattern. */
  readonly span: string | RegExp
  readonly why: string
  /**
   * One of its attributes, or `(name)`, `(kind)`, `(parent)`, `(status)`, `(events)`, `(links)`. Without it, the rule is
   * about the span itself, whose children then count as its parent's.
   */
  readonly attribute?: string | RegExp
  /** The side that has it, and the other does not. Of spans: or more of its kind and name than the other. */
  readonly only?: Side
  /** How ours tells what official tells; anything else remains a difference. Of attributes and `(name)`. */
  readonly as?: (official: string) => string
  /** How often the rule holds at most. */
  readonly times?: number
}

/** What differs, with both values. */
export type Difference = readonly [what: string, official: string, ours: string]

/** Where one side does not tell it; no text of a value, which would have quotes. */
export const NONE = 'none'

/** Applies rules to differences, and remembers which of them were of use. */
export function rulebook(rules: readonly Rule[]) {
  const used = new Map<Rule, number>()
  const use = (rule: Rule) => {
    const times = used.get(rule) ?? 0
    if (times >= (rule.times ?? Number.POSITIVE_INFINITY)) return false
    used.set(rule, times + 1)
    return true
  }
  const aboutSpan = (side: Side, { name }: Span) =>
    rules.filter((rule) => !rule.attribute && rule.only === side && matches(rule.span, name))

  return {
    /** Whether there is a rule about spans of this name that one side has. */
    knows: (side: Side, span: Span) => aboutSpan(side, span).length > 0,
    allowsAlone: (side: Side, span: Span) => aboutSpan(side, span).some(use),
    allows: (spans: readonly Span[], [what, official, ours]: Difference) =>
      rules
        .filter(({ attribute, as }) => attribute && !as && matches(attribute, what))
        .filter(({ only }) => !only || (only === 'official' ? ours : official) === NONE)
        .filter((rule) => spans.some(({ name }) => matches(rule.span, name)))
        .some(use),
    /** A span of official's as ours would tell it. */
    asOurs: (span: Span): Span => {
      const own = rules.filter((rule) => matches(rule.span, span.name))
      const translate = (what: string, value: unknown): unknown => {
        if (typeof value !== 'string') return value
        return own.reduce((sofar, rule) => {
          const said = rule.as && rule.attribute && matches(rule.attribute, what) ? rule.as(sofar) : sofar
          return said !== sofar && use(rule) ? said : sofar
        }, value)
      }
      const attributes = Object.entries(span.attributes).map(([key, value]) => [key, translate(key, value)])
      return { ...span, name: String(translate('(name)', span.name)), attributes: Object.fromEntries(attributes) }
    },
    unused: () =>
      rules
        .filter((rule) => !used.has(rule))
        .map(({ span, attribute, only, why }) => `no use for the rule on ${span}, ${attribute ?? only}: ${why}`),
  }
}

const matches = (pattern: string | RegExp, text: string) =>
  typeof pattern === 'string' ? pattern === text : pattern.test(text)
