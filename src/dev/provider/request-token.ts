import { ConfigError } from '../../kernel/index.ts'
import { COMMAND_CLIENT, PERSON_GRANT } from './provider-config.ts'

interface TokenRequest {
  readonly issuer: string
  readonly commandSecret: string
  /** Whose token it is. */
  readonly person: string
  /** Default: all that the person has. */
  readonly scopes?: readonly string[]
}

/** An access token, and what is in it. */
export interface IssuedToken {
  readonly token: string
  readonly person: string
  readonly scopes: readonly string[]
  readonly expiresAt: string
}

const LIMIT_MS = 30_000

/** Gets an access token from the provider of the running Ebb. Throws a ConfigError with what the provider refuses. */
export async function requestToken({ issuer, commandSecret, person, scopes = [] }: TokenRequest): Promise<IssuedToken> {
  const form = new URLSearchParams({
    ...{ grant_type: PERSON_GRANT, client_id: COMMAND_CLIENT, client_secret: commandSecret, person },
    ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
  })
  const url = new URL('/token', issuer)
  const response = await fetch(url, { method: 'POST', body: form, signal: AbortSignal.timeout(LIMIT_MS) }).catch(
    (cause) => {
      throw new ConfigError(`no provider answers at ${issuer}; start Ebb again with npm start.`, { cause })
    },
  )
  // The provider and this command have the same version.
  const answer = (await response.json()) as {
    readonly access_token?: string
    readonly scope?: string
    readonly expires_in?: number
    readonly error_description?: string
  }
  const { access_token: token, scope = '', expires_in: seconds = 0, error_description: refusal } = answer
  if (token === undefined) throw new ConfigError(refusal ?? `${issuer} answered ${response.status}`)
  const expiresAt = new Date(Date.now() + seconds * 1_000).toISOString()
  return { token, person, scopes: scope.split(' ').filter((one) => one !== ''), expiresAt }
}
