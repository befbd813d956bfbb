import type { StoredResponse } from '../kernel/index.ts'
import { type Conditions, isNotModified, requireConditions, toEtag, type Version } from './preconditions.ts'

/** What the handler of a `conditional` contract says of versions during one request, and what becomes of its reply. */
export function createVersions(conditions: Conditions, { readOnly }: { readonly readOnly: boolean }) {
  let etag: string | undefined
  let compared = false
  /** Kept, so that a refusal counts where the handler caught it. */
  let refusal: unknown
  return {
    /** Says which version the reply shows. */
    etag: (version: Version) => {
      etag = toEtag(version)
    },
    /** Throws 412 unless the request is about this version; undefined or null says that there is nothing yet. */
    requireMatch: (version: Version | undefined | null) => {
      compared = true
      try {
        requireConditions(conditions, version === undefined || version === null ? undefined : toEtag(version))
      } catch (error) {
        refusal ??= error
        throw error
      }
    },
    /** Throws where a reply must not be sent. */
    check: () => {
      if (refusal !== undefined) throw refusal
      if (!readOnly && !compared)
        throw new Error('the contract says `conditional`, and the handler did not call requireMatch()')
    },
    /** The response with its ETag; where the caller of a GET has it already, a 304 without the body. */
    apply: (response: StoredResponse): StoredResponse => {
      const { status } = response
      if (readOnly && status === 200 && etag === undefined)
        throw new Error('the contract says `conditional`, and the handler did not call etag()')
      if (etag === undefined) return response
      const headers = { ...response.headers, etag }
      if (!(readOnly && status === 200 && isNotModified(conditions, etag))) return { ...response, headers }
      const { 'content-type': _ofBody, ...kept }: StoredResponse['headers'] = headers
      return { status: 304, headers: kept, body: '' }
    },
  }
}
