/**
 * Numbers pairs of whole numbers of 32 bits from 1 on, in the order in which they are first seen. It is a hash table with
 * open addressing: a Map with keys of more than 31 bits takes several times as long.
 */
export function numberPairs(): (first: number, second: number) => number {
  let table = createTable(1024)
  let count = 0
  return (first, second) => {
    const place = findPlace(table, first, second)
    const known = table.numbers[place]!
    if (known !== 0) return known
    count++
    set(table, place, { first, second, number: count })
    if (count * 2 > table.numbers.length) table = copy(table, createTable(table.numbers.length * 4))
    return count
  }
}

/** Three columns. A number of 0 says that nothing is there. */
interface Table {
  readonly firsts: Int32Array
  readonly seconds: Int32Array
  readonly numbers: Int32Array
}

const createTable = (length: number): Table => ({
  firsts: new Int32Array(length),
  seconds: new Int32Array(length),
  numbers: new Int32Array(length),
})

/** Of its own, since jest looks globals up anew each time. */
const { imul } = Math

/** The place of a pair, or the one where it is to be put. */
function findPlace({ firsts, seconds, numbers }: Table, first: number, second: number): number {
  const mask = numbers.length - 1
  const hash = imul(imul(first, 0x9e3779b1) ^ second, 0x85ebca6b)
  let place = (hash ^ (hash >>> 15)) & mask
  while (numbers[place] !== 0 && (firsts[place] !== first || seconds[place] !== second)) place = (place + 1) & mask
  return place
}

interface NumberedPair {
  readonly first: number
  readonly second: number
  readonly number: number
}

function set({ firsts, seconds, numbers }: Table, place: number, pair: NumberedPair): void {
  firsts[place] = pair.first
  seconds[place] = pair.second
  numbers[place] = pair.number
}

function copy(from: Table, to: Table): Table {
  for (const [place, number] of from.numbers.entries()) {
    const [first, second] = [from.firsts[place]!, from.seconds[place]!]
    if (number !== 0) set(to, findPlace(to, first, second), { first, second, number })
  }
  return to
}
