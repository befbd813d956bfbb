import type { JWK } from 'jose'
import * as z from 'zod'
import { fetchJson, StatusError } from './fetch-json.ts'
import { type IssuerSettings, isTrustedUrl } from './issuer-settings.ts'
import type { PublishedKeys } from './key-set.ts'

/** What an issuer says of itself (RFC 8414, and OpenID Connect Discovery) and is read here. */
interface Metadata {
  readonly jwks_uri?: string | undefined
  readonly introspection_endpoint?: string | undefined
}

/** Addresses change seldom; after a failure they are asked for again anyway. */
const METADATA_MS = 3_600_000

/** The addresses of an issuer, from its settings or its own metadata, and its keys. */
export function createDiscovery(settings: IssuerSettings, { now = Date.now } = {}) {
  const { issuer, jwksUri, introspection } = settings
  let last: { readonly at: number; readonly fetched: Promise<Metadata> } | undefined

  const metadata = (): Promise<Metadata> => {
    if (last && now() - last.at < METADATA_MS) return last.fetched
    const fetched = fetchMetadata(settings).catch((error: unknown) => {
      last = undefined
      throw error
    })
    last = { at: now(), fetched }
    return fetched
  }
  const addressOf = async (given: string | undefined, name: keyof Metadata): Promise<string> => {
    const address = given ?? (await metadata())[name]
    if (address === undefined) throw new Error(`the metadata of ${issuer} has no ${name}`)
    if (!isTrustedUrl(address, settings))
      throw new Error(`${address} of ${issuer} is neither https nor allowed as http`)
    return address
  }

  return {
    introspectionEndpoint: () => addressOf(introspection?.endpoint, 'introspection_endpoint'),
    async fetchKeys(): Promise<PublishedKeys> {
      try {
        const { value, maxAgeSeconds } = await fetchJson(await addressOf(jwksUri, 'jwks_uri'))
        // What is no key is left out where they are read: the others still count.
        return { keys: keySet().parse(value).keys as JWK[], maxAgeSeconds }
      } catch (error) {
        last = undefined
        throw error
      }
    },
  }
}

const keySet = () => z.object({ keys: z.array(z.looseObject({ kty: z.string() })) })
const metadataDocument = () =>
  z.object({ issuer: z.string(), jwks_uri: z.url().optional(), introspection_endpoint: z.url().optional() })

async function fetchMetadata({ issuer }: IssuerSettings): Promise<Metadata> {
  const found = metadataDocument().parse(await fetchDocument(issuer))
  // Otherwise one issuer could speak for another (RFC 8414, 3.3).
  if (found.issuer === issuer) return found
  throw new Error(`the metadata of ${issuer} is that of ${found.issuer}; the setting must name it exactly so`)
}

/** OpenID Connect appends its path to the issuer, RFC 8414 puts its own before the issuer's path. */
async function fetchDocument(issuer: string): Promise<unknown> {
  try {
    return (await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)).value
  } catch (error) {
    if (!(error instanceof StatusError && error.status === 404)) throw error
    const { origin, pathname } = new URL(issuer)
    return (await fetchJson(`${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`)).value
  }
}
