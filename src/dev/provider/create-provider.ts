import { type Configuration, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Log } from '../../kernel/index.ts'
import { isAllowedOrigin, isAllowedRedirect, toClients } from './clients.ts'
import { LOGIN_PATH } from './handle-login.ts'
import type { LoginStore } from './login-store.ts'
import { errorPage, loggedOutPage, logoutPage, pageHeaders } from './pages.ts'
import { registerPersonGrant } from './person-grant.ts'
import { AUDIENCE, type ProviderConfig, type SigningKey } from './provider-config.ts'
import { allScopes, scopesOf, toResourceServer } from './resource-server.ts'

interface ProviderOptions {
  readonly store: LoginStore
  readonly keys: readonly SigningKey[]
  readonly cookieSecret: string
  readonly log: Pick<Log, 'error'>
}

const HOUR_SECONDS = 3_600
const LOGIN_SECONDS = 14 * 24 * HOUR_SECONDS
const OIDC_SCOPES = 'openid profile email offline_access'

/**
 * The OpenID provider of these people: the code flow with PKCE, JWT access tokens for the API (RFC 9068) with the scopes,
 * roles and tenant of whoever logged in, refresh tokens, and logout. It asks for no consent: the applications are the team's.
 */
export function createProvider(config: ProviderConfig, { store, keys, cookieSecret, log }: ProviderOptions): Provider {
  const { people, issuer } = config
  const loadGrant = async ({ oidc: { client, session } }: KoaContextWithOIDC) => {
    const person = session?.accountId ?? ''
    const grant = new provider.Grant({ clientId: client?.clientId ?? '', accountId: person })
    const granted = scopesOf(config, person)
    grant.addOIDCScope(OIDC_SCOPES)
    grant.addResourceScope(AUDIENCE, granted.join(' '))
    // What is neither granted nor rejected would be asked for.
    grant.rejectResourceScope(
      AUDIENCE,
      allScopes(config)
        .filter((scope) => !granted.includes(scope))
        .join(' '),
    )
    await grant.save()
    return grant
  }
  const provider = new Provider(issuer, {
    ...tokens(config),
    adapter: store,
    jwks: { keys: keys.map(({ jwk }) => jwk) },
    clients: toClients(config),
    cookies: cookiesOf(issuer, cookieSecret),
    interactions: { url: (_ctx, { uid }) => `${LOGIN_PATH}${uid}` },
    findAccount: (_ctx, sub) => {
      const person = Object.hasOwn(people, sub) ? people[sub] : undefined
      return person && { accountId: sub, claims: () => ({ sub, ...person }) }
    },
    loadExistingGrant: loadGrant,
    clientBasedCORS: (_ctx, origin, { clientId }) => isAllowedOrigin(config, clientId, origin),
    renderError: (ctx, { error, error_description: description }) =>
      send(ctx, ctx.status, errorPage(description ?? error)),
  })
  provider.Client.prototype.redirectUriAllowed = function (uri) {
    return isAllowedRedirect(config, this.clientId, uri)
  }
  provider.Client.prototype.postLogoutRedirectUriAllowed = provider.Client.prototype.redirectUriAllowed
  // Addresses are made of what the request says, which `handle` sets to the issuer's.
  provider.proxy = true
  registerPersonGrant(provider, config)
  provider.on('server_error', (_ctx, error) => log.error({ err: error }, 'the provider failed'))
  return provider
}

/** What tokens there are, how long they live, and what is in them. */
function tokens(config: ProviderConfig): Configuration {
  const { people } = config
  return {
    scopes: ['openid', 'offline_access'],
    claims: { openid: ['sub'], profile: ['name', 'roles', 'tenant'], email: ['email'] },
    conformIdTokenClaims: false,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    responseTypes: ['code'],
    pkce: { required: () => true },
    // A page that is reloaded has no other way to stay logged in; each one is good once.
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    extraTokenClaims: (_ctx, token) => {
      const person = 'accountId' in token ? people[token.accountId] : undefined
      return person && { roles: person.roles, ...(person.tenant === undefined ? {} : { tenant: person.tenant }) }
    },
    ttl: {
      ...{ AccessToken: HOUR_SECONDS, IdToken: HOUR_SECONDS, AuthorizationCode: 60, Interaction: HOUR_SECONDS },
      ...{ RefreshToken: LOGIN_SECONDS, Session: LOGIN_SECONDS, Grant: LOGIN_SECONDS },
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => toResourceServer(config),
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          const { session, params } = ctx.oidc
          const back = String(params?.post_logout_redirect_uri ?? '')
          send(ctx, 200, logoutPage({ form, name: people[session?.accountId ?? '']?.name ?? '', back }), back)
        },
        postLogoutSuccessSource: (ctx) => send(ctx, 200, loggedOutPage()),
      },
    },
  }
}

/** The cookies of one host are shared by all its ports, on which other projects may run. */
function cookiesOf(issuer: string, secret: string): Configuration['cookies'] {
  const suffix = new URL(issuer).port
  const options = { signed: true, httpOnly: true, sameSite: 'lax' as const }
  const nameOf = (what: string) => `ebb_${what}${suffix === '' ? '' : `_${suffix}`}`
  return {
    keys: [secret],
    names: { session: nameOf('session'), interaction: nameOf('login'), resume: nameOf('resume') },
    long: options,
    short: options,
  }
}

/** Answers with one of our pages in place of the library's, which sets the cookies. */
function send(ctx: KoaContextWithOIDC, status: number, html: string, back?: string): void {
  ctx.status = status
  ctx.set(pageHeaders(back))
  ctx.body = html
}
