/**
 * The login of the API reference: the code flow with PKCE (RFC 7636), as any single-page application does it. The token is
 * kept for as long as the tab is open, and stands in no address.
 */
export const LOGIN_SCRIPT = String.raw`'use strict'
{
  const settings = JSON.parse(document.querySelector('meta[name=ebb-docs-login]').content)
  const ATTEMPT = 'ebb-docs-attempt'
  const LOGIN = 'ebb-docs-login'
  const toText = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
  const makeSecret = () => toText(crypto.getRandomValues(new Uint8Array(32)))
  const here = () => location.origin + location.pathname
  const take = (name) => {
    const text = sessionStorage.getItem(name)
    sessionStorage.removeItem(name)
    return JSON.parse(text)
  }

  const discover = async () => {
    const address = settings.issuer.replace(/\/$/, '') + '/.well-known/openid-configuration'
    const answer = await fetch(address).catch(() => undefined)
    if (!answer?.ok) throw new Error(settings.issuer + ' does not answer.')
    const found = await answer.json()
    if (found.issuer !== settings.issuer) throw new Error(settings.issuer + ' says that it is ' + found.issuer + '.')
    return found
  }
  const leaveFor = (address, parameters) => {
    const target = new URL(address)
    for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, value)
    location.assign(target)
  }

  const begin = async () => {
    if (!crypto.subtle) throw new Error('Browsers log in over HTTPS only, or on localhost.')
    const { authorization_endpoint: address } = await discover()
    const attempt = { state: makeSecret(), nonce: makeSecret(), verifier: makeSecret(), hash: location.hash }
    sessionStorage.setItem(ATTEMPT, JSON.stringify(attempt))
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(attempt.verifier))
    leaveFor(address, {
      ...{ response_type: 'code', client_id: settings.clientId, redirect_uri: here(), scope: settings.scopes },
      ...{ audience: settings.audience, state: attempt.state, nonce: attempt.nonce },
      ...{ code_challenge: toText(new Uint8Array(digest)), code_challenge_method: 'S256' },
    })
  }

  // Of a token that this page got from its issuer itself, so that its signature says nothing more (OpenID Connect Core, 3.1.3.7).
  const claimsOf = (token) => {
    const text = atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (character) => character.charCodeAt(0))))
  }

  const finish = async () => {
    const answer = new URLSearchParams(location.search)
    const attempt = answer.has('state') && take(ATTEMPT)
    if (!attempt) return
    history.replaceState(null, '', here() + attempt.hash)
    const isOurs = answer.get('state') === attempt.state && (answer.get('iss') ?? settings.issuer) === settings.issuer
    if (!isOurs) throw new Error('This answer belongs to another login; log in again.')
    if (answer.has('error')) throw new Error(answer.get('error_description') ?? answer.get('error'))
    const { token_endpoint: address } = await discover()
    const response = await fetch(address, {
      method: 'POST',
      body: new URLSearchParams({
        ...{ grant_type: 'authorization_code', code: answer.get('code'), redirect_uri: here() },
        ...{ client_id: settings.clientId, code_verifier: attempt.verifier },
      }),
    })
    const tokens = await response.json()
    if (!response.ok) throw new Error(tokens.error_description ?? tokens.error)
    const claims = tokens.id_token ? claimsOf(tokens.id_token) : {}
    if (tokens.id_token && claims.nonce !== attempt.nonce) throw new Error('This token belongs to another login; log in again.')
    const who = claims.name ?? claims.preferred_username ?? claims.email ?? claims.sub ?? 'you'
    const endsAt = Date.now() + (tokens.expires_in ?? 300) * 1000
    sessionStorage.setItem(LOGIN, JSON.stringify({ token: tokens.access_token, who, endsAt }))
    return true
  }

  const current = () => {
    const login = JSON.parse(sessionStorage.getItem(LOGIN))
    return login && login.endsAt > Date.now() ? login : undefined
  }
  // The issuer asks before it ends its own session; without a token in the address it cannot know who asks.
  const end = async () => {
    sessionStorage.removeItem(LOGIN)
    const { end_session_endpoint: address } = await discover()
    if (address) leaveFor(address, { client_id: settings.clientId, post_logout_redirect_uri: here() })
  }

  window.ebbLogin = settings && { begin, finish, current, end }
}
`
