import { createHash, randomBytes } from 'node:crypto'

/** How an Ory Hydra is reached: the issuer's own address, and where its two ports are reachable from here. */
export interface HydraAddresses {
  readonly issuer: string
  readonly publicUrl: string
  readonly adminUrl: string
}

export interface Login {
  readonly subject: string
  readonly scopes: readonly string[]
  readonly audience: string
  /** Further claims of the access token. */
  readonly claims: Readonly<Record<string, unknown>>
}

const CALLBACK = 'http://127.0.0.1/callback'
const CLIENT = 'ebb-e2e'

/** Registers a public client, as an application in a browser is: it has no secret, and proves itself by PKCE. */
export async function registerClient(
  { adminUrl }: HydraAddresses,
  { scopes, audience }: Pick<Login, 'scopes' | 'audience'>,
) {
  await send(`${adminUrl}/admin/clients`, {
    method: 'POST',
    body: {
      ...{ client_id: CLIENT, token_endpoint_auth_method: 'none', redirect_uris: [CALLBACK], audience: [audience] },
      ...{ grant_types: ['authorization_code'], response_types: ['code'], scope: scopes.join(' ') },
    },
  })
}

/** Logs a person in by the code flow with PKCE (RFC 7636), as browser and login page would together; resolves to the access token. */
export async function logIn(hydra: HydraAddresses, { subject, scopes, audience, claims }: Login): Promise<string> {
  const browse = createBrowser(hydra)
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    ...{ client_id: CLIENT, response_type: 'code', redirect_uri: CALLBACK, scope: scopes.join(' '), audience },
    ...{ state: randomBytes(16).toString('hex'), code_challenge_method: 'S256' },
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  })
  const accept = (what: 'login' | 'consent', at: URL, body: object) => {
    const challenge = new URLSearchParams({ [`${what}_challenge`]: at.searchParams.get(`${what}_challenge`) ?? '' })
    const url = `${hydra.adminUrl}/admin/oauth2/auth/requests/${what}/accept?${challenge}`
    return send<{ redirect_to: string }>(url, { method: 'PUT', body })
  }
  const login = await browse(`${hydra.publicUrl}/oauth2/auth?${query}`)
  const loggedIn = await accept('login', login, { subject })
  const consent = await browse(loggedIn.redirect_to)
  const granted = await accept('consent', consent, {
    ...{ grant_scope: scopes, grant_access_token_audience: [audience], session: { access_token: claims } },
  })
  const callback = await browse(granted.redirect_to)
  const form = { grant_type: 'authorization_code', redirect_uri: CALLBACK, client_id: CLIENT, code_verifier: verifier }
  const code = callback.searchParams.get('code')
  if (!code) throw new Error(`no code in ${callback}`)
  const response = await fetch(`${hydra.publicUrl}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...form, code }),
  })
  const token = (await response.json()) as { access_token?: string }
  if (!token.access_token) throw new Error(`no token: ${JSON.stringify(token)}`)
  return token.access_token
}

/** Adds a signing key, which new tokens are signed with from now on. */
export const addKey = ({ adminUrl }: HydraAddresses) =>
  send(`${adminUrl}/admin/keys/hydra.jwt.access-token`, { method: 'POST', body: { alg: 'RS256', use: 'sig' } })

/** Removes a signing key. */
export const removeKey = ({ adminUrl }: HydraAddresses, kid: string) =>
  send(`${adminUrl}/admin/keys/hydra.jwt.access-token/${kid}`, { method: 'DELETE' })

/** Follows one redirect at a time, and keeps cookies; the issuer's own name need not resolve here. */
function createBrowser({ issuer, publicUrl }: HydraAddresses) {
  const cookies = new Map<string, string>()
  return async (address: string): Promise<URL> => {
    const url = address.replace(issuer, publicUrl)
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s)
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (!location) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
    return new URL(location)
  }
}

async function send<Answer>(
  url: string,
  { method, body }: { readonly method: string; readonly body?: object },
): Promise<Answer> {
  const init = { method, headers: { 'content-type': 'application/json' } }
  const response = await fetch(url, body ? { ...init, body: JSON.stringify(body) } : init)
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${text}`)
  // Hydra's own admin API.
  return (text ? JSON.parse(text) : undefined) as Answer
}
