import { builtinModules } from 'node:module'
import { ConfigError } from '../../kernel/config-error.ts'

/** What npm takes as the name of a package, and DNS as a label; as long as it may be with a function's name behind it. */
const NAME = /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/

/** Throws a ConfigError for a name that npm or DNS would refuse. */
export function assertProjectName(name: string): void {
  if (!NAME.test(name)) {
    throw new ConfigError(
      `"${name}" is no name for npm and DNS: choose up to 40 of a-z, 0-9 and -, from a letter on, such as --name ${suggestName(name)}`,
    )
  }
  if (PROJECT_PACKAGES.includes(name) || builtinModules.includes(name)) {
    throw new ConfigError(`"${name}" is the name of a package that a project uses: choose another one with --name`)
  }
}

/** npm refuses to install a package into one of the same name. */
const PROJECT_PACKAGES = ['ebb', 'zod', 'jest', 'typescript']

/** The name that is nearest to a text, such as the name of a folder. */
export function suggestName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 40)
    .replace(/-+$/, '')
  return name === '' || PROJECT_PACKAGES.includes(name) ? 'my-api' : name
}
