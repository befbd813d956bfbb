import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Roles } from '../../deploy/import-sources.ts'
import { ConfigError } from '../../kernel/index.ts'
import { type People, peopleSchema } from './provider-config.ts'

/**
 * Imports the people who may log in on the laptop from domain/people.ts; where there is no such file, one for each role.
 * Throws a ConfigError that names what is wrong in it.
 */
export async function readPeople(project: string, roles: Roles): Promise<People> {
  const file = join(project, 'domain/people.ts')
  if (!existsSync(file)) return onePerRole(roles)
  const { people }: { people?: unknown } = await import(pathToFileURL(file).href)
  const parsed = peopleSchema.safeParse(people)
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `domain/people.ts: ${path.join('.')}: ${message}`)
    throw new ConfigError(lines.join('\n'))
  }
  for (const [name, person] of Object.entries(parsed.data)) {
    const unknown = person.roles.find((role) => !Object.hasOwn(roles, role))
    if (unknown !== undefined)
      throw new ConfigError(`domain/people.ts: ${name} has the role ${unknown}, which domain/roles.ts does not declare`)
  }
  return parsed.data
}

const onePerRole = (roles: Roles): People =>
  Object.fromEntries(
    Object.keys(roles).map((role) => [role, { name: role, email: `${role}@example.com`, roles: [role] }]),
  )
