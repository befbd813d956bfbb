import { existsSync, readFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'

/**
 * The folder of the platform: of its sources in a checkout of Ebb, of their JavaScript in the installed package. What belongs to
 * the team (functions, domain, rendered files, `.ebb`) is in the _project_, another folder, whose path commands are given.
 */
export const PLATFORM = join(import.meta.dirname, '../..')

/** The folder of the package that the platform is part of: the platform's own in a checkout, and the one above in the package. */
export const PLATFORM_PACKAGE = existsSync(join(PLATFORM, 'package.json')) ? PLATFORM : dirname(PLATFORM)

/** The path of a module of the platform by its name without extension, such as `services/gateway/index`. */
export const platformModule = (name: string): string => join(PLATFORM, `${name}${extname(import.meta.filename)}`)

/** The path of the types of a module of the platform. */
export const platformTypes = (name: string): string => platformModule(name).replace(/(?<!\.d)\.js$/, '.d.ts')

interface Manifest {
  readonly version: string
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
}

/** The package.json of the platform. */
export const readPlatformManifest = (): Manifest =>
  JSON.parse(readFileSync(join(PLATFORM_PACKAGE, 'package.json'), 'utf8'))

/** The files of the modules that the platform exports, by their specifiers, such as `ebb/contract`. */
export function platformExports(): Readonly<Record<string, string>> {
  const entries = Object.entries(readPlatformManifest().exports).map(([name, target]) => {
    const file = typeof target === 'string' ? target : target.default
    return [name.replace('.', 'ebb'), join(PLATFORM_PACKAGE, file)] as const
  })
  return Object.fromEntries(entries.filter(([, file]) => /\.[jt]s$/.test(file)))
}
