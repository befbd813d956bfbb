import { type Log, rejectLateCall } from '../kernel/index.ts'
import type { Contract } from './implement.ts'

/** What a handler says of stored responses: which are to be forgotten, and what its own can be purged by. */
export interface PurgeTools {
  readonly purge: (...tags: readonly string[]) => Promise<void>
  readonly tag: (...tags: readonly string[]) => void
}

const RESOLVED = Promise.resolve()
const MAX_TAG_LENGTH = 1_000
/** Of all tags of one response: they are one header. */
const MAX_HEADER_LENGTH = 4_000
// biome-ignore lint/suspicious/noControlCharactersInRegex: a tag has none
const CONTROL = /[\u0000-\u001f\u007f]/
/** A tag in a header, where a comma separates them: visible ASCII. */
const HEADER_TAG = /^[\x21-\x2b\x2d-\x7e]+$/

/**
 * Creates the tools of each request of one function, beside what they have collected. Where the contract or the handler's
 * resources rule one out, it throws and says what to do instead.
 */
export function createPurgeTools(contract: Contract, { hasTransaction }: { readonly hasTransaction: boolean }) {
  const refusal = findPurgeRefusal(contract, hasTransaction)
  const isCached = 'cache' in contract && contract.cache !== undefined

  return function createPurgeTools(log: Log, isOver: () => boolean) {
    const purged: string[] = []
    const tags: string[] = []
    const purge: PurgeTools['purge'] = (...given) => {
      if (isOver()) return rejectLateCall('nothing is purged', log)
      if (refusal !== undefined) throw new Error(refusal)
      for (const tag of given) {
        checkTag(tag)
        if (!purged.includes(tag)) purged.push(tag)
      }
      return RESOLVED
    }
    const tag: PurgeTools['tag'] = (...given) => {
      if (!isCached) throw new Error('tag() is for responses that are kept: say `cache` in the contract')
      for (const tag of given) {
        checkTag(tag)
        if (!HEADER_TAG.test(tag))
          throw new Error(`the tag ${JSON.stringify(tag)} has more than visible ASCII, or a comma`)
        if (!tags.includes(tag)) tags.push(tag)
      }
      if (tags.join().length > MAX_HEADER_LENGTH)
        throw new Error(`the tags of this response have more than ${MAX_HEADER_LENGTH} characters together`)
    }
    return { purge, tag, purged, tags }
  }
}

function findPurgeRefusal(contract: Contract, hasTransaction: boolean): string | undefined {
  if (contract.kind === 'authorizer') return 'an authorizer does not write, so that it has nothing to purge'
  if (contract.kind === 'endpoint' && (contract.method === 'GET' || contract.reads === true))
    return 'purge() is for handlers that write, and this one only reads: purge where the change is made'
  if (!hasTransaction) return 'purge() leaves with the transaction: give implement() a `{ sql: postgres }`'
  return undefined
}

function checkTag(tag: string) {
  if (typeof tag !== 'string' || tag === '' || tag.length > MAX_TAG_LENGTH || CONTROL.test(tag))
    throw new Error(`a tag is a text of 1 to ${MAX_TAG_LENGTH} characters without control characters`)
}
