import { type EndpointShape, endpoint } from 'ebb/contract'
import * as z from 'zod'
import type { AnyContract } from '../../src/contract/index.ts'
import { createRandom } from '../../src/deploy/sample/random.ts'
import { AUTHORIZER, ENDPOINT_EDITS, edited } from './endpoint-edits.ts'
import { fieldChanges } from './field-changes.ts'
import { type Pair, pairs } from './pairs.ts'
import { BASE, canStand, PLACES, type Place } from './places.ts'

/** A change of contracts, and whether it breaks anybody. */
export interface Mutation {
  /** What is changed, such as `maxLength narrower`. */
  readonly change: string
  /** Where, such as `body: field`. */
  readonly place: string
  readonly before: readonly AnyContract[]
  readonly after: readonly AnyContract[]
  /** What is so by what the schemas take and what callers are promised, and not by what any tool says. */
  readonly breaks: boolean
  /** Whether OpenAPI shows it at all. */
  readonly isShown: boolean
  /** That nobody can decide which of two patterns takes more. */
  readonly isUndecided?: true
  /** What the schema of before takes, and that of after does not, or the other way round where readers break. */
  readonly proof?: { readonly takes: z.ZodType; readonly refuses: z.ZodType; readonly value: unknown }
}

/** How many rounds of pairs there are, each with other limits, and at how many places each pair is put. */
interface Amount {
  readonly rounds?: number
  readonly placesEach?: number
}

/** The mutations of one seed: the same each time. */
export function mutations(seed: string, { rounds = 1, placesEach = 8 }: Amount = {}): readonly Mutation[] {
  const all = Array.from({ length: rounds }, (_, i) => {
    const random = createRandom(`${seed}.${i}`)
    const someOf = (places: readonly Place[]) => {
      const left = [...places]
      return Array.from({ length: Math.min(placesEach, left.length) }, () => {
        const picked = random.pick(left)
        left.splice(left.indexOf(picked), 1)
        return picked
      })
    }
    return [
      ...pairs(random).flatMap((pair) =>
        someOf(PLACES.filter((place) => canStand(place, pair))).flatMap((place) => ofPair(pair, place)),
      ),
      ...fieldChanges(random).flatMap((change) =>
        someOf(PLACES.filter(({ takes }) => takes === 'all')).map((place) => ofFields(change, place)),
      ),
    ]
  })
  return [...all.flat(), ...ENDPOINT_EDITS.map(ofEdit)]
}

/** A schema that becomes narrower, and wider. */
function ofPair({ name, wide, narrow, lost, gained, isUndecided, isMissed }: Pair, place: Place): readonly Mutation[] {
  const [most, least] = [place.put(wide), place.put(narrow)]
  const isSent = place.by === 'callers'
  const narrower = isSent ? lost : gained
  const wider = isSent ? gained : lost
  const common = { place: place.name, isShown: place.isShown, ...(isUndecided ? { isUndecided } : {}) }
  return [
    {
      ...{
        ...common,
        change: `${name}, narrower`,
        ...contracts(most, least),
        breaks: narrower !== undefined || isMissed === true,
      },
      ...(narrower === undefined ? {} : { proof: isSent ? prove(wide, narrow, lost) : prove(narrow, wide, gained) }),
    },
    {
      ...{ ...common, change: `${name}, wider`, ...contracts(least, most), breaks: wider !== undefined },
      ...(wider === undefined ? {} : { proof: isSent ? prove(narrow, wide, gained) : prove(wide, narrow, lost) }),
    },
  ]
}

const prove = (takes: z.ZodType, refuses: z.ZodType, value: unknown) => ({ takes, refuses, value })

function ofFields(change: ReturnType<typeof fieldChanges>[number], place: Place): Mutation {
  const { name, before, after, lost } = change
  const [old, now] = [z.object(before), z.object(after)]
  const isSent = place.by === 'callers'
  return {
    ...{ change: name, place: place.name, isShown: place.isShown, breaks: isSent ? change.callers : change.readers },
    ...contracts(place.put(old), place.put(now)),
    ...(isSent && lost ? { proof: prove(old.strict(), now.strict(), lost) } : {}),
  }
}

function ofEdit({ name, before, after, breaks }: (typeof ENDPOINT_EDITS)[number]): Mutation {
  const [old, now] = [edited(BASE, before), after && edited(BASE, after)]
  return { change: name, place: 'endpoint', isShown: true, breaks, ...contracts(old, now) }
}

function contracts(before: EndpointShape, after: EndpointShape | undefined) {
  const all = (shape: EndpointShape | undefined): readonly AnyContract[] => [
    ...(shape ? [endpoint(shape)] : []),
    AUTHORIZER,
  ]
  return { before: all(before), after: all(after) }
}
