import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { errors, type Provider } from 'oidc-provider'
import type { Log } from '../../kernel/index.ts'
import { createProvider } from './create-provider.ts'
import { handleLogin, LOGIN_PATH } from './handle-login.ts'
import { createLoginStore } from './login-store.ts'
import { errorPage, STYLE_PATH, sendPage } from './pages.ts'
import { type ProviderConfig, readProviderConfig } from './provider-config.ts'
import { allScopes } from './resource-server.ts'
import { generateSigningKey } from './signing-keys.ts'
import { STYLE } from './style.ts'

/** A provider as its configuration says. */
interface Configured {
  readonly config: ProviderConfig
  readonly provider: Provider
  readonly callback: (request: IncomingMessage, response: ServerResponse) => Promise<void>
}

/** Opens the provider of this configuration file. It follows the file: a change is in effect from the next request on. */
export async function openProvider(file: string, { log }: { readonly log: Log }) {
  const first = await readProviderConfig(file)
  const store = createLoginStore({ file: first.store, log })
  const ownKeys = [await generateSigningKey()]
  const ownCookieSecret = randomBytes(32).toString('hex')
  const configure = (config: ProviderConfig): Configured => {
    const { keys = ownKeys, cookieSecret = ownCookieSecret } = config
    const provider = createProvider(config, { store, keys, cookieSecret, log })
    return { config, provider, callback: provider.callback() }
  }
  let configured = configure(first)
  let version = await versionOf(file)
  const current = async () => {
    const found = await versionOf(file)
    if (found === version) return configured
    version = found
    try {
      configured = configure(await readProviderConfig(file))
    } catch (error) {
      log.error({ err: error }, 'the configuration of the provider is broken: it stays as it was')
    }
    return configured
  }
  return {
    handle: async (request: IncomingMessage, response: ServerResponse) => {
      try {
        await handle(request, response, await current())
      } catch (error) {
        if (response.headersSent) return void response.destroy()
        if (error instanceof errors.OIDCProviderError)
          return sendPage(response, error.status, errorPage(describe(error)))
        log.error({ err: error }, 'the provider failed')
        sendPage(response, 500, errorPage('Something went wrong on our side.'))
      }
    },
  }
}

/** Changes with each write of the file, also where a mounted Secret puts another one in its place. */
const versionOf = (file: string) =>
  stat(file).then(
    ({ mtimeMs, ino, size }) => `${mtimeMs} ${ino} ${size}`,
    () => 'absent',
  )

async function handle(request: IncomingMessage, response: ServerResponse, { config, provider, callback }: Configured) {
  const { url = '/', headers } = request
  const { host, protocol } = new URL(config.issuer)
  if (url === '/_/health') return void response.writeHead(204).end()
  // A page whose name was bound to this address by DNS must not be taken for one of ours.
  if (headers.host !== host)
    return sendPage(response, 421, errorPage(`This is ${config.issuer}, and not ${headers.host}.`))
  headers['x-forwarded-host'] = host
  headers['x-forwarded-proto'] = protocol.slice(0, -1)
  if (url === STYLE_PATH) return void response.writeHead(200, STYLE_HEADERS).end(STYLE)
  if (url.startsWith(LOGIN_PATH)) return handleLogin(request, response, { provider, config })
  request.url = withApiScopes(url, config)
  return callback(request, response)
}

const STYLE_HEADERS = { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'max-age=60' }

/** An application that asks for no scope of the API gets all that the person has: most do not know them. */
function withApiScopes(url: string, config: ProviderConfig): string {
  if (!url.startsWith('/auth?')) return url
  const query = new URLSearchParams(url.slice('/auth?'.length))
  const asked = query.get('scope')?.split(' ') ?? []
  const scopes = allScopes(config)
  if (asked.some((scope) => scopes.includes(scope))) return url
  query.set('scope', [...asked, ...scopes].join(' '))
  return `/auth?${query}`
}

const describe = ({ error_description: description, error }: errors.OIDCProviderError) => description ?? error
