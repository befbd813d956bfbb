import type { ClientMetadata } from 'oidc-provider'
import { COMMAND_CLIENT, PERSON_GRANT, type ProviderConfig } from './provider-config.ts'

const ANY_PORT = ':*'

/** The clients of the configuration, as the library reads them. Browsers and other applications without a secret: PKCE is what they prove themselves by. */
export function toClients({ clients, commandSecret }: ProviderConfig): ClientMetadata[] {
  const applications = Object.entries(clients).map(([id, { redirectUris }]) => {
    const uris = redirectUris.map((uri) => (uri.endsWith(ANY_PORT) ? `${uri.slice(0, -ANY_PORT.length)}/` : uri))
    return {
      client_id: id,
      redirect_uris: uris,
      post_logout_redirect_uris: uris,
      response_types: ['code' as const],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none' as const,
    }
  })
  if (commandSecret === undefined) return applications
  const command = {
    ...{
      client_id: COMMAND_CLIENT,
      client_secret: commandSecret,
      token_endpoint_auth_method: 'client_secret_post' as const,
    },
    ...{ grant_types: [PERSON_GRANT], response_types: [], redirect_uris: [] },
  }
  return [...applications, command]
}

/** Whether one of the client's addresses is this one, or `http://localhost:*` any of that host. */
export const isAllowedRedirect = ({ clients }: ProviderConfig, clientId: string, uri: string): boolean =>
  (clients[clientId]?.redirectUris ?? []).some((allowed) =>
    allowed.endsWith(ANY_PORT) ? isAt(uri, allowed.slice(0, -ANY_PORT.length)) : uri === allowed,
  )

/** Whether pages of this origin may ask for tokens. */
export const isAllowedOrigin = ({ clients }: ProviderConfig, clientId: string, origin: string): boolean =>
  (clients[clientId]?.redirectUris ?? []).some((allowed) =>
    allowed.endsWith(ANY_PORT)
      ? isAt(origin, allowed.slice(0, -ANY_PORT.length))
      : URL.parse(allowed)?.origin === origin,
  )

/** Whether an address is one of this scheme and host, whatever its port, with nothing in it that a browser would read otherwise. */
function isAt(address: string, schemeAndHost: string): boolean {
  const url = URL.parse(address)
  return (
    url !== null &&
    `${url.protocol}//${url.hostname}` === schemeAndHost &&
    url.username === '' &&
    url.password === '' &&
    url.hash === ''
  )
}
