import { createHash } from 'node:crypto'
import { Problem } from 'ebb/contract'
import { type Config, type Log, liveSetting, requireSetting } from 'ebb/kernel'
import { CompactSign, compactVerify, createLocalJWKSet, importJWK, type JSONWebKeySet, type JWK } from 'jose'
import type { EventHead } from '../event-headers.ts'

/** The extension that holds the proof. */
export const PROOF = 'ebbproof'
/** No other signature of this key is one of an event. */
const TYPE = 'ebb-event'

/** What a broker may change is not in it: the trace. */
type ProvedHead = Omit<EventHead, 'traceparent'>

export interface EventProofs {
  /** Signs what an event says of itself, and its data, which are JSON text. */
  sign(event: EventHead, data: string): Promise<string>
  /** What the event said of itself. Rejects with a Problem 422 where this relay, or another one of this Ebb, did not sign it so. */
  verify(proof: string | undefined, data: string): Promise<ProvedHead>
}

/**
 * Signs events that leave for a broker by EBB_IDENTITY_KEY, and knows them again: whoever may publish to the broker, or send what
 * it sends, can make none up, in nobody's name and for no tenant. The keys of EBB_IDENTITY_JWKS verify, or the relay's own.
 */
export function openEventProofs(config: Config, log: Pick<Log, 'info' | 'warn'>): EventProofs {
  requireSetting(config, 'EBB_IDENTITY_KEY')
  const privateKey = liveSetting(config, 'EBB_IDENTITY_KEY', log)
  const published = liveSetting(config, 'EBB_IDENTITY_JWKS', log)
  const signers = new WeakMap<object, ReturnType<typeof importJWK>>()
  const keySets = new WeakMap<object, ReturnType<typeof createLocalJWKSet>>()
  // What is no key is refused by jose.
  const keyNow = () => privateKey.current() as JWK
  const signerOf = (jwk: JWK) => remember(signers, jwk, () => importJWK(jwk, 'EdDSA'))
  const keysNow = () => {
    const jwks = published.current() as JSONWebKeySet | undefined
    return remember(keySets, jwks ?? keyNow(), () => createLocalJWKSet(jwks ? ofRelay(jwks) : publicOf(keyNow())))
  }
  return {
    async sign({ traceparent: _, ...head }, data) {
      const { kid } = keyNow()
      const payload = Buffer.from(JSON.stringify({ ...head, digest: digestOf(data) }))
      return new CompactSign(payload)
        .setProtectedHeader({ alg: 'EdDSA', typ: TYPE, ...(kid ? { kid } : {}) })
        .sign(await signerOf(keyNow()))
    },
    async verify(proof = '', data) {
      const verified = await compactVerify(proof, keysNow(), { algorithms: ['EdDSA'] }).catch(notOurs)
      if (verified.protectedHeader.typ !== TYPE) return notOurs()
      // It is as `sign` has written it.
      const { digest, ...head } = JSON.parse(Buffer.from(verified.payload).toString()) as ProvedHead & {
        digest: string
      }
      return digest === digestOf(data) ? head : notOurs()
    },
  }
}

function remember<Value>(known: WeakMap<object, Value>, key: object, create: () => Value): Value {
  const value = known.get(key) ?? create()
  known.set(key, value)
  return value
}

const ofRelay = ({ keys }: JSONWebKeySet): JSONWebKeySet => ({
  keys: keys.filter(({ iss }: JWK & { readonly iss?: unknown }) => iss === undefined || iss === 'ebb:relay'),
})

const publicOf = ({ d: _private, ...jwk }: JWK): JSONWebKeySet => ({ keys: [jwk] })

function notOurs(cause?: unknown): never {
  throw new Problem(
    'invalid_request',
    422,
    'This event was not emitted here, or was changed on its way: only what the relay has handed to the broker is taken from it.',
    { cause },
  )
}

/** The same for the same JSON value, however a broker has written it anew. */
function digestOf(data: string): string {
  try {
    return createHash('sha256')
      .update(JSON.stringify(sortNames(JSON.parse(data))))
      .digest('base64url')
  } catch (cause) {
    return notOurs(cause)
  }
}

function sortNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortNames)
  if (typeof value !== 'object' || value === null) return value
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(sorted.map(([name, part]) => [name, sortNames(part)]))
}
