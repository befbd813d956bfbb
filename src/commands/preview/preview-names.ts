import { ConfigError } from '../../kernel/index.ts'

/** The parts that log in to the database of a preview, each by a role of its own. */
export const ROLES = ['owner', 'gateway', 'relay', 'functions'] as const
export type Role = (typeof ROLES)[number]

/** What belongs to a preview, by its name: whoever knows the name finds all of it. */
export interface PreviewNames {
  readonly name: string
  readonly namespace: string
  readonly database: string
  readonly roles: Readonly<Record<Role, string>>
}

/** A label of DNS that is short enough for the names of roles (63 bytes) and for Knative's host names. */
const MAX_LENGTH = 40
const LABEL = /^[a-z]([a-z0-9-]*[a-z0-9])?$/

const PREFIX = 'preview_'
const ROLE_NAME = new RegExp(`^${PREFIX}(.+)_(?:${ROLES.join('|')})$`)

/** Reads the name of a preview. Throws a ConfigError that says what a name is, and which one is near. */
export function readPreviewName(text: string): string {
  if (LABEL.test(text) && text.length <= MAX_LENGTH) return text
  const near = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, MAX_LENGTH)
    .replace(/-+$/, '')
  throw new ConfigError(
    `a preview's name has at most ${MAX_LENGTH} lowercase letters, digits and hyphens, begins with a letter and ends with no hyphen${near ? `: such as ${near}` : ''}`,
  )
}

export function previewNames(name: string): PreviewNames {
  // No name has an underscore, so that each database and role is of one preview.
  const database = `${PREFIX}${name.replaceAll('-', '_')}`
  return {
    ...{ name, namespace: `preview-${name}`, database },
    roles: {
      owner: `${database}_owner`,
      gateway: `${database}_gateway`,
      relay: `${database}_relay`,
      functions: `${database}_functions`,
    },
  }
}

/** The name of the preview that a database is of; undefined for any other database. */
export const previewOfDatabase = (database: string): string | undefined =>
  database.startsWith(PREFIX) ? database.slice(PREFIX.length).replaceAll('_', '-') : undefined

/** The name of the preview that a role is of; undefined for any other role. */
export const previewOfRole = (role: string): string | undefined => ROLE_NAME.exec(role)?.[1]?.replaceAll('_', '-')
