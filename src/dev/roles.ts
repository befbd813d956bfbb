import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Scopes by role. */
export type Roles = Readonly<Record<string, readonly string[]>>

/** The team's roles, from domain/roles.ts. */
export async function readRoles(root: string): Promise<Roles> {
  const { roles }: { roles: Roles } = await import(pathToFileURL(join(root, 'domain/roles.ts')).href)
  return roles
}
