import { randomBytes } from 'node:crypto'
import { Problem } from 'ebb/contract'
import { createBoundedMap } from 'ebb/kernel'
import type { parseIssuers } from 'ebb/protocol'
import * as oauth from 'oauth4webapi'

export interface LoginsOptions {
  readonly issuer: ReturnType<typeof parseIssuers>[number]
  /** Of the console, as browsers have it. */
  readonly origin: string
  readonly clientId: string
  /** Undefined where PKCE is what the client proves itself by. */
  readonly clientSecret: () => string | undefined
  /** What it asks the issuer for besides the operator's scope, separated by spaces. */
  readonly scopes: string
  readonly adminScope: string
  readonly now?: () => number
}

interface Attempt {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  /** The page that was asked for. */
  readonly to: string
  readonly until: number
}

interface Login {
  token: string
  refreshToken: string | undefined
  tokenEndsAt: number
  renewal: Promise<string | undefined> | undefined
  readonly actor: string
  readonly until: number
}

export type Logins = ReturnType<typeof createLogins>

export const CALLBACK = '/login/callback'
const ATTEMPT_MS = 10 * 60_000
/** An operator logs in again each day, whatever the issuer would renew. */
const LOGIN_MS = 12 * 3_600_000
/** A token is renewed before it ends on the way. */
const EARLY_MS = 30_000
const DEFAULT_TOKEN_SECONDS = 300
const TIMEOUT_MS = 10_000
const METADATA_MS = 3_600_000
const MAX_ATTEMPTS = 5_000
const MAX_LOGINS = 1_000

/**
 * Logs operators in by the code flow with PKCE (RFC 7636, RFC 9700). Their tokens stay in this process's memory, where no
 * browser has them; who logs in at a time when it starts again goes by way of the issuer once more.
 */
export function createLogins(options: LoginsOptions) {
  const { issuer, origin, clientId, clientSecret, scopes, adminScope, now = Date.now } = options
  const attempts = createBoundedMap<string, Attempt>(MAX_ATTEMPTS)
  const logins = createBoundedMap<string, Login>(MAX_LOGINS)
  const client: oauth.Client = { client_id: clientId }
  const requestOptions = () => ({
    [oauth.allowInsecureRequests]: issuer.allowHttp,
    signal: () => AbortSignal.timeout(TIMEOUT_MS),
  })
  const authentication = () => {
    const secret = clientSecret()
    return secret === undefined ? oauth.None() : oauth.ClientSecretPost(secret)
  }
  const discover = createDiscovery(issuer.issuer, requestOptions)

  const toTokens = ({ access_token: token, refresh_token: refreshToken, expires_in }: oauth.TokenEndpointResponse) => ({
    ...{ token, refreshToken, tokenEndsAt: now() + (expires_in ?? DEFAULT_TOKEN_SECONDS) * 1_000 },
  })

  /** What the issuer has answered to this attempt. Throws a Problem where it refuses, or where it is another one's. */
  function validate(server: oauth.AuthorizationServer, query: URLSearchParams, state: string): URLSearchParams {
    try {
      return oauth.validateAuthResponse(server, client, query, state)
    } catch (cause) {
      if (!(cause instanceof oauth.AuthorizationResponseError)) throw notOurs(cause)
      const { error, error_description: description = error } = cause
      throw new Problem('login_refused', 403, `${issuer.issuer} says: ${description}`, { cause })
    }
  }

  async function renew(login: Login): Promise<string | undefined> {
    if (login.refreshToken === undefined) return undefined
    try {
      const server = await discover()
      const answer = await oauth.refreshTokenGrantRequest(
        server,
        client,
        authentication(),
        login.refreshToken,
        requestOptions(),
      )
      const { refreshToken = login.refreshToken, ...tokens } = toTokens(
        await oauth.processRefreshTokenResponse(server, client, answer),
      )
      Object.assign(login, tokens, { refreshToken })
      return login.token
    } catch (error) {
      // The issuer has ended it; where it does not answer, the token may still be good for a moment.
      if (error instanceof oauth.ResponseBodyError) return undefined
      return login.tokenEndsAt > now() ? login.token : undefined
    }
  }

  return {
    /**
     * Returns where the browser goes, and the id of this attempt, which it must bring back. With `asksAgain` the issuer asks who it
     * is, also where it knows.
     */
    async begin(to: string, { asksAgain = false } = {}) {
      const { authorization_endpoint: address } = await discover()
      if (!address) throw new Error(`${issuer.issuer} has no authorization_endpoint`)
      const [state, nonce, verifier] = [
        oauth.generateRandomState(),
        oauth.generateRandomNonce(),
        oauth.generateRandomCodeVerifier(),
      ]
      const id = makeId()
      attempts.set(id, { state, nonce, verifier, to, until: now() + ATTEMPT_MS })
      const target = new URL(address)
      const parameters = {
        ...{
          response_type: 'code',
          client_id: clientId,
          redirect_uri: origin + CALLBACK,
          scope: `${scopes} ${adminScope}`,
        },
        ...{
          state,
          nonce,
          code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
        },
        ...(asksAgain ? { prompt: 'login' } : {}),
        // For issuers that ask which API a token is for.
        ...(issuer.audience[0] === undefined ? {} : { audience: issuer.audience[0] }),
      }
      for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, value)
      return { id, address: target.href, maxAgeSeconds: ATTEMPT_MS / 1_000 }
    },

    /** Takes the issuer's answer at CALLBACK for tokens. Throws a Problem where it is not that of this attempt. */
    async redeem(id: string | undefined, query: URLSearchParams) {
      const attempt = id === undefined ? undefined : attempts.get(id)
      if (id !== undefined) attempts.delete(id)
      if (!attempt || attempt.until < now()) throw notOurs()
      const server = await discover()
      const parameters = validate(server, query, attempt.state)
      const address = origin + CALLBACK
      try {
        const answer = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          authentication(),
          parameters,
          address,
          attempt.verifier,
          requestOptions(),
        )
        const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, {
          ...{ expectedNonce: attempt.nonce, requireIdToken: true },
        })
        return { ...toTokens(tokens), to: attempt.to }
      } catch (cause) {
        throw new Problem(
          'login_failed',
          502,
          `${issuer.issuer} gives no tokens for this login; the log of the console says why.`,
          { cause },
        )
      }
    },

    /** Begins the session of whoever has these tokens, and returns its id. */
    start(tokens: Pick<Login, 'token' | 'refreshToken' | 'tokenEndsAt'>, actor: string) {
      const id = makeId()
      logins.set(id, { ...tokens, actor, renewal: undefined, until: now() + LOGIN_MS })
      return { id, maxAgeSeconds: LOGIN_MS / 1_000 }
    },

    /** Who has this session, and a token that is good now; undefined where it is over. */
    async find(id: string | undefined) {
      const login = id === undefined ? undefined : logins.get(id)
      if (id === undefined || !login || login.until < now()) return undefined
      let token: string | undefined = login.token
      if (login.tokenEndsAt - EARLY_MS < now()) {
        login.renewal ??= renew(login).finally(() => {
          login.renewal = undefined
        })
        token = await login.renewal
      }
      if (token === undefined) logins.delete(id)
      return token === undefined
        ? undefined
        : { token, actor: login.actor, expiresAt: new Date(login.until).toISOString() }
    },

    /** Ends a session, and returns where the issuer ends its own; undefined where it has no such address. */
    async end(id: string | undefined): Promise<string | undefined> {
      if (id !== undefined) logins.delete(id)
      const { end_session_endpoint: address } = await discover()
      if (!address) return undefined
      const target = new URL(address)
      target.searchParams.set('client_id', clientId)
      target.searchParams.set('post_logout_redirect_uri', `${origin}/console/`)
      return target.href
    },
  }
}

/** What the issuer says of itself, asked for again after an hour, and at once after a failure. */
function createDiscovery(issuer: string, options: () => oauth.DiscoveryRequestOptions) {
  let last: { readonly at: number; readonly found: Promise<oauth.AuthorizationServer> } | undefined
  const fetchMetadata = async () => {
    const address = new URL(issuer)
    return oauth.processDiscoveryResponse(address, await oauth.discoveryRequest(address, options()))
  }
  return (): Promise<oauth.AuthorizationServer> => {
    if (last && Date.now() - last.at < METADATA_MS) return last.found
    const found = fetchMetadata().catch((cause: unknown) => {
      last = undefined
      throw new Problem('unavailable', 503, `${issuer} does not answer as an OpenID provider does; try again later.`, {
        cause,
      })
    })
    last = { at: Date.now(), found }
    return found
  }
}

const makeId = () => randomBytes(32).toString('base64url')

const notOurs = (cause?: unknown) =>
  new Problem('login_failed', 400, 'This answer belongs to no login of this browser; log in again.', { cause })
