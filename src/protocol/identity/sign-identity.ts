import { decodeProtectedHeader, importJWK, type JWK, SignJWT } from 'jose'
import { createBoundedMap } from '../../kernel/bounded-map.ts'
import { type Config, liveSetting, requireSetting } from '../../kernel/config.ts'
import { ConfigError } from '../../kernel/config-error.ts'
import type { Log } from '../../kernel/log.ts'
import type { Identity, IdentityKeys, Issuer } from './identity.ts'

export interface SignOptions {
  /** How long the request may wait for its function, which checks the identity on arrival; default: 30 s. */
  readonly waitMs?: number
  /** Signs even where a signature could be reused: for a function that refused it. */
  readonly fresh?: boolean
  /** Expires when that wait is over, and is good for this request alone: for what a function passes on. */
  readonly once?: boolean
  /** A signature whose key the function does not know: another key signs, where there is one. */
  readonly unknownKey?: string | undefined
}

export type SignIdentity = (identity: Omit<Identity, 'iss'>, audience: string, options?: SignOptions) => Promise<string>

const REUSE_MS = 30_000
const DEFAULT_WAIT_MS = 30_000
const MAX_CACHED = 5_000

/**
 * Creates a function that signs identities with the private key (a JWK, Ed25519) as compact EdDSA JWS. A signature is valid
 * for 30 s and the longest wait of its request, and is reused while it outlives that wait.
 */
export function createIdentitySigner(privateKey: JWK, iss: Issuer, { now = Date.now } = {}): SignIdentity {
  const key = importJWK(privateKey, 'EdDSA')
  const signed = createBoundedMap<string, { token: Promise<string>; expiresAt: number }>(MAX_CACHED)
  /** Who calls is the same frozen object in all requests with one credential: writing it out again would be most of the cost. */
  const keys = new WeakMap<object, Map<string, string>>()
  const keyOf = (identity: Parameters<SignIdentity>[0], audience: string): string => {
    if (!Object.isFrozen(identity)) return JSON.stringify([identity, audience])
    const known = keys.get(identity) ?? new Map<string, string>()
    keys.set(identity, known)
    const key = known.get(audience) ?? JSON.stringify([identity, audience])
    known.set(audience, key)
    return key
  }
  return function sign(identity, audience, { waitMs = DEFAULT_WAIT_MS, fresh = false, once = false } = {}) {
    const at = now()
    if (once) return signUntil(identity, audience, { at, expiresAt: Math.floor((at + waitMs) / 1_000) * 1_000 })
    const cacheKey = keyOf(identity, audience)
    const known = signed.get(cacheKey)
    if (known && !fresh && known.expiresAt >= at + waitMs) return known.token
    const expiresAt = at + waitMs + REUSE_MS
    const token = signUntil(identity, audience, { at, expiresAt })
    signed.set(cacheKey, { token, expiresAt })
    return token
  }

  async function signUntil(
    { sub, ...claims }: Parameters<SignIdentity>[0],
    audience: string,
    { at, expiresAt }: Readonly<Record<'at' | 'expiresAt', number>>,
  ): Promise<string> {
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'EdDSA', ...(privateKey.kid ? { kid: privateKey.kid } : {}) })
      .setIssuer(iss)
      .setSubject(sub)
      .setAudience(audience)
      .setIssuedAt(Math.floor(at / 1_000))
      .setExpirationTime(Math.ceil(expiresAt / 1_000))
      .sign(await key)
  }
}

/** The signers of both issuers, each with its own key. */
export const createIdentitySigners = ({
  gateway,
  relay,
}: Pick<IdentityKeys, 'gateway' | 'relay'>): Readonly<Record<'gateway' | 'relay', SignIdentity>> => ({
  gateway: createIdentitySigner(gateway, 'ebb:gateway'),
  relay: createIdentitySigner(relay, 'ebb:relay'),
})

/**
 * The signer with `EBB_IDENTITY_KEY`, as that is at the time. After a change the key before it signs for functions that
 * refuse the new one: the files of two pods do not change at the same moment. A key signs once before it is used, so that an
 * unusable one fails at the start, or is not taken. Rejects with a ConfigError.
 */
export async function openIdentitySigner(
  config: Config,
  iss: Issuer,
  log: Pick<Log, 'info' | 'warn'>,
): Promise<SignIdentity> {
  const rotating = createRotatingSigner(await createCheckedSigner(requireSetting(config, 'EBB_IDENTITY_KEY'), iss))
  liveSetting(config, 'EBB_IDENTITY_KEY', log).onChange(async (key) =>
    rotating.replace(await createCheckedSigner(key, iss)),
  )
  return rotating.sign
}

/** A signer, and which key it signs with. */
interface KeySigner {
  readonly sign: SignIdentity
  readonly kid: string | undefined
}

async function createCheckedSigner(key: unknown, iss: Issuer): Promise<KeySigner> {
  try {
    // The first signature shows all that can be wrong with the key.
    const jwk = key as JWK
    const sign = createIdentitySigner(jwk, iss)
    await sign({ sub: iss, scopes: [] }, iss)
    return { sign, kid: jwk.kid }
  } catch (cause) {
    throw new ConfigError('EBB_IDENTITY_KEY: is not a valid private Ed25519 key (a JWK)', { cause })
  }
}

/** For how long a function that refused the new key gets signatures of the one before without being asked. */
const BEHIND_MS = 5_000
const MAX_AUDIENCES = 1_000

/** Signs with the newest key; for a function that has just refused that one, with the key before it. */
export function createRotatingSigner(first: KeySigner, { now = Date.now } = {}) {
  let newest = first
  let before: KeySigner | undefined
  /** The functions that do not know the newest key yet. */
  const behind = createBoundedMap<string, number>(MAX_AUDIENCES)
  const sign: SignIdentity = (identity, audience, options) => {
    const { unknownKey } = options ?? {}
    if (unknownKey !== undefined && before) {
      const isNewest = decodeProtectedHeader(unknownKey).kid === newest.kid
      behind.set(audience, isNewest ? now() + BEHIND_MS : 0)
    }
    const signer = before && (behind.get(audience) ?? 0) > now() ? before : newest
    return signer.sign(identity, audience, options)
  }
  const replace = (next: KeySigner) => {
    before = newest
    newest = next
    behind.clear()
  }
  return { sign, replace }
}
