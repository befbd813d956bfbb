import { randomBytes } from 'node:crypto'
import { createSealer } from '../seal.ts'

/** Seals and opens the secrets that webhooks are signed with. */
export interface WebhookSecrets {
  /** A new secret, as its owner is shown it: `whsec_` and 32 bytes in base64 (Standard Webhooks). */
  make(): string
  seal(webhookId: string, secret: string): Buffer
  /** Undefined where none of the keys opens it. */
  open(webhookId: string, sealed: Buffer): string | undefined
}

const PREFIX = 'whsec_'

/** Creates them by the keys as they are at each time, the newest first: that one seals. */
export function createWebhookSecrets(keys: () => readonly string[]): WebhookSecrets {
  const sealerOf = (key: string) => createSealer(() => key, { of: 'webhooks' })
  return {
    make: () => PREFIX + randomBytes(32).toString('base64'),
    seal: (webhookId, secret) => {
      const [newest] = keys()
      if (newest === undefined) throw new Error('EBB_WEBHOOK_KEY is not set any more')
      return sealerOf(newest).seal(webhookId, Buffer.from(secret))
    },
    open: (webhookId, sealed) => {
      for (const key of keys()) {
        const opened = sealerOf(key).open(webhookId, sealed)
        if (opened) return opened.toString()
      }
      return undefined
    },
  }
}
