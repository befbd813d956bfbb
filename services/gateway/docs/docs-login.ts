import type { Config } from 'ebb/kernel'
import { parseIssuers } from 'ebb/protocol'

/** What the page logs people in with. */
export interface DocsLogin {
  readonly issuer: string
  /** The API, for issuers that ask which one a token is for. */
  readonly audience: string
  readonly clientId: string
  /** Separated by spaces. */
  readonly scopes: string
}

/** The login of /docs at the first issuer; none where no client is set for it. */
export function docsLogin({ EBB_ISSUERS, EBB_DOCS_CLIENT_ID, EBB_DOCS_SCOPES }: Config): DocsLogin | undefined {
  const [first] = EBB_ISSUERS ? parseIssuers(EBB_ISSUERS) : []
  if (!first || EBB_DOCS_CLIENT_ID === undefined) return undefined
  const { issuer, audience } = first
  return { issuer, audience: audience[0] ?? '', clientId: EBB_DOCS_CLIENT_ID, scopes: EBB_DOCS_SCOPES }
}
