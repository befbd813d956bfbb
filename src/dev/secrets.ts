import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { generateIdentityKeys, type IdentityKeys } from '../kernel/index.ts'

/** What this laptop made up for itself once. */
export interface Secrets {
  readonly identity: IdentityKeys
  readonly pepper: string
  readonly adminKey: string
  /** API keys by role. */
  readonly keys: Readonly<Record<string, string>>
}

/** Reads the secrets of this home, made on first use; a role that is new gets a key by `newKey`. Only the owner may read them. */
export async function openSecrets(file: string, roles: readonly string[], newKey: () => string): Promise<Secrets> {
  const stored = await readFile(file, 'utf8').then(
    (text): Partial<Secrets> => JSON.parse(text),
    (fault: NodeJS.ErrnoException): Partial<Secrets> => {
      if (fault.code !== 'ENOENT') throw fault
      return {}
    },
  )
  const secrets: Secrets = {
    // A home of the time when gateway and relay had one key gets new ones: whoever verifies them starts together with them.
    identity: stored.identity?.relay ? stored.identity : await generateIdentityKeys(),
    pepper: stored.pepper ?? randomBytes(32).toString('base64url'),
    adminKey: stored.adminKey ?? `ebb_admin_${randomBytes(24).toString('base64url')}`,
    keys: Object.fromEntries(roles.map((role) => [role, stored.keys?.[role] ?? newKey()])),
  }
  await writeFile(`${file}.new`, JSON.stringify(secrets, undefined, 2), { mode: 0o600 })
  await rename(`${file}.new`, file)
  return secrets
}
