import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'

/** Makes what is kept in a store that others can read and write useless to them. */
export interface Sealer {
  /** The name under which the value of a key is stored; it tells nothing of the key. */
  readonly nameOf: (key: string) => string
  readonly seal: (key: string, value: Uint8Array) => Buffer
  /** Returns undefined where it was not sealed under this very key. */
  readonly open: (key: string, sealed: Buffer) => Buffer | undefined
}

const ALGORITHM = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * Seals by a secret that services share, for one purpose: functions use the same Redis, and must neither read there what other
 * callers have been answered, nor put anything in its place; whoever reads a backup of the database must not sign as we do. Each
 * key has a cipher key of its own, so that a value that is copied to another one does not open.
 */
export function createSealer(secret: () => string, { of }: { readonly of: 'cache' | 'webhooks' }): Sealer {
  const derive = (purpose: string, key: string) =>
    createHmac('sha256', secret()).update(`ebb ${of} ${purpose}\n`).update(key).digest()
  return {
    nameOf: (key) => derive('name', key).toString('base64url'),
    seal: (key, value) => {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv(ALGORITHM, derive('value', key), iv)
      const encrypted = [cipher.update(value), cipher.final()]
      return Buffer.concat([iv, cipher.getAuthTag(), ...encrypted])
    },
    open: (key, sealed) => {
      try {
        const decipher = createDecipheriv(ALGORITHM, derive('value', key), sealed.subarray(0, IV_BYTES), {
          authTagLength: TAG_BYTES,
        })
        decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
        return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()])
      } catch {
        return undefined
      }
    },
  }
}
