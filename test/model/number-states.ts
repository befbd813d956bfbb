import { numberPairs } from './number-pairs.ts'
import type { Attempt, Delivery, Event, Relay, State } from './state.ts'

/**
 * Numbers states. Two have one number only where they differ in nothing but which relay is called A, or which subscriber comes
 * first: those behave alike. Parts become numbers one after the other, each with the number of those before it.
 */
export function numberStates(): (state: State) => number {
  const numberOf = numberPairs()
  return ({ events, deliveries, mark, redrives, faults }) => {
    const first = findFirstRelay(events, deliveries)
    const name = (relay: Relay | undefined) => (relay === undefined ? 0 : relay === first ? 1 : 2)
    let number = numberOf(faults, mark * 8 + redrives)
    for (const event of events) number = numberOf(number, codeOfEvent(event, name))
    const subscribers = deliveries.length / events.length
    const columns: number[] = []
    for (let subscriber = 0; subscriber < subscribers; subscriber++) {
      let column = 0
      for (let index = subscriber; index < deliveries.length; index += subscribers) {
        column = numberOf(column, codeOfRow(deliveries[index]!))
        column = numberOf(column, codeOfAttempts(deliveries[index]!.tries, name))
      }
      columns.push(column)
    }
    for (const column of columns.sort((one, other) => one - other)) number = numberOf(number, column)
    return number
  }
}

/** The relay that is called 1: the first one that is found. */
function findFirstRelay(events: readonly Event[], deliveries: readonly Delivery[]): Relay | undefined {
  for (const { fanOut, foundBy } of events) {
    if (fanOut === 'A' || fanOut === 'B') return fanOut
    if (foundBy.length === 1) return foundBy[0]
  }
  for (const { tries } of deliveries) for (const { relay } of tries) if (relay) return relay
  return undefined
}

type Name = (relay: Relay | undefined) => number

const EMITTED = { no: 0, open: 1, committed: 2, 'rolled back': 3, unwritten: 4, lost: 5 }
const ROW = { none: 0, waiting: 1, leased: 2, dead: 3, cancelled: 4, 'given up': 5 }
const OUTCOME = { unheard: 0, unsent: 1, sent: 2, done: 3, failed: 4, refused: 5, 'signature refused': 6 }
const REQUEST = { none: 0, arrived: 1, open: 2 }

function codeOfEvent({ emitted, fanOut, dropped, firings, foundBy }: Event, name: Name): number {
  const relays = foundBy.reduce((bits, relay) => bits | (1 << name(relay)), 0)
  const by = fanOut === 'no' ? 0 : fanOut === 'done' ? 3 : name(fanOut)
  return (((EMITTED[emitted] * 4 + by) * 2 + (dropped ? 1 : 0)) * 4 + firings) * 8 + relays
}

function codeOfRow(delivery: Delivery): number {
  const { row, attempts, forgiven, uncounted, leases, redrive, rank, done, inInbox, effects, found, held } = delivery
  const counts = (((leases * 8 + attempts) * 8 + forgiven) * 8 + uncounted) * 4 + effects
  const flags = (inInbox ? 4 : 0) + (found ? 2 : 0) + (held ? 1 : 0)
  return ((((counts * 4 + redrive) * 4 + rank) * 4 + done) * 8 + flags) * 8 + ROW[row]
}

/** The lease of an attempt means something to its relay alone. */
function codeOfAttempts(tries: readonly Attempt[], name: Name): number {
  if (tries.length > 3) throw new RangeError('more than three attempts at a time do not fit into 31 bits')
  return tries.reduce((code, { lease, relay, outcome, request }) => {
    return (((code * 8 + (relay ? lease : 0)) * 3 + name(relay)) * 7 + OUTCOME[outcome]) * 3 + REQUEST[request]
  }, 0)
}
