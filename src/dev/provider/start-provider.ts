import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { JSONWebKeySet } from 'jose'
import type { Roles } from '../../deploy/import-sources.ts'
import type { DataDir } from '../data-dir.ts'
import { listenOnDemand } from '../listen-on-demand.ts'
import { createOnDemandProcess } from '../processes/on-demand-process.ts'
import type { Report } from '../report.ts'
import { AUDIENCE, PROVIDER_CONFIG, readKept, writeProviderConfig } from './provider-config.ts'
import { readPeople } from './read-people.ts'
import { generateSigningKey, toPublicKeys, withoutExpired } from './signing-keys.ts'

interface ProviderOptions {
  readonly project: string
  readonly dataDir: Pick<DataDir, 'provider' | 'run'>
  /** 0 is any free one. */
  readonly port: number
  readonly roles: Roles
  readonly report: Report
}

/** The OpenID provider of the laptop. */
export interface LaptopProvider {
  readonly issuer: string
  /** The subjects of the people who may log in. */
  readonly people: readonly string[]
  /** With which `ebb token` gets a token for anybody. */
  readonly commandSecret: string
  /** The keys that verify its tokens, as they are now. They start no process: the gateway asks for them every few minutes. */
  publicKeys(): Promise<JSONWebKeySet>
  /** By what the gateway accepts its tokens, with those keys at `jwksUri`, and logs people in on /docs. */
  gatewayEnv(jwksUri: string): Readonly<Record<string, string>>
  /** Requests are answered from now on: until then nobody knows the gateway's address, to which its page leads back. */
  configure(gatewayUrl: string): Promise<void>
  stop(): Promise<void>
}

const DOCS_CLIENT = 'ebb-docs'
/** Any page under development on this machine may log people in as this client. */
const APP_CLIENT = 'app'
const LOCAL_ADDRESSES = ['http://localhost:*', 'http://127.0.0.1:*']

/** Opens the provider's port; its process starts with the first request, since most runs of a laptop have none. */
export async function startProvider(options: ProviderOptions): Promise<LaptopProvider> {
  const { project, dataDir, roles, report } = options
  const people = await readPeople(project, roles)
  await mkdir(dataDir.provider, { recursive: true, mode: 0o700 })
  const file = join(dataDir.provider, PROVIDER_CONFIG)
  const kept = await readKept(file)
  const { commandSecret = newSecret(), cookieSecret = newSecret() } = kept
  const keptKeys = withoutExpired(kept.keys ?? [])
  const keys = keptKeys.length > 0 ? keptKeys : [await generateSigningKey()]
  const configured = Promise.withResolvers<void>()
  const child = createOnDemandProcess({
    ...{ part: 'provider', module: 'src/dev/provider/index', run: dataDir.run, report },
    env: { EBB_PROVIDER_CONFIG: file },
  })
  const { port, close } = await listenOnDemand(options.port, async () => {
    await configured.promise
    return child.port()
  })
  const issuer = `http://localhost:${port}`
  const accepted = {
    ...{ issuer, audience: AUDIENCE, algorithms: ['ES256'], allowHttp: true },
    claims: { scopes: 'scope', roles: 'roles', tenant: 'tenant' },
  }
  return {
    ...{ issuer, commandSecret, people: Object.keys(people) },
    publicKeys: async () => toPublicKeys((await readKept(file)).keys ?? keys),
    gatewayEnv: (jwksUri) => ({
      EBB_ISSUERS: JSON.stringify([{ ...accepted, jwksUri }]),
      EBB_DOCS_CLIENT_ID: DOCS_CLIENT,
    }),
    configure: async (gatewayUrl) => {
      const docs = [gatewayUrl, gatewayUrl.replace('localhost', '127.0.0.1')].map((url) => `${url}/docs`)
      await writeProviderConfig(file, {
        ...{ issuer, roles, people, keys, commandSecret, cookieSecret },
        clients: { [DOCS_CLIENT]: { redirectUris: docs }, [APP_CLIENT]: { redirectUris: LOCAL_ADDRESSES } },
        store: join(dataDir.provider, 'logins.json'),
      })
      configured.resolve()
    },
    stop: async () => {
      await close()
      await child.stop()
    },
  }
}

const newSecret = () => randomBytes(32).toString('base64url')
