import { ConfigError, type Log, readSecrets, type Secret } from 'ebb/kernel'

/** How soon a secret is looked for again that was not there: its file may come. */
const AGAIN_AFTER_MS = 5_000

/**
 * Finds the values of the secrets that may have signed a webhook, by the names that contracts give them: read when the first
 * webhook comes, since contracts come and go, and from then on as their files say. A secret may have several values, one in a line.
 */
export function openSigningSecrets(log: Log, options: Parameters<typeof readSecrets>[2] = {}) {
  const found = new Map<string, Secret>()
  const missing = new Map<string, number>()

  const find = (name: string): Secret | undefined => {
    const known = found.get(name)
    if (known || performance.now() < (missing.get(name) ?? 0)) return known
    try {
      const { [name]: secret } = readSecrets([name], log, options)
      if (secret) found.set(name, secret)
      return secret
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      missing.set(name, performance.now() + AGAIN_AFTER_MS)
      log.warn({ secret: name }, 'a secret of webhooks is not set, or cannot be read')
      return undefined
    }
  }
  return (names: readonly string[]): readonly string[] =>
    names.flatMap((name) => find(name)?.reveal().split(/\s+/) ?? []).filter((value) => value !== '')
}
