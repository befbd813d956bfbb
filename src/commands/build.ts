import { rm } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { buildFunction, buildService, SERVICES } from '../build/build-image.ts'
import { isFunction } from '../contract/index.ts'
import { buildClient as build } from '../deploy/build-client.ts'
import { importContracts, importFunction } from '../deploy/import-sources.ts'
import { findFunctions } from '../deploy/index.ts'
import { ConfigError } from '../kernel/index.ts'
import { printJson, printLine } from './command.ts'
import { type Form, form, JSON_OPTION } from './form.ts'

export const buildCommand: readonly Form[] = [
  form({
    description:
      'Build what the images hold: of each function its bundle with code caches, of each service its program (npm run build).',
    arguments: {
      names: {
        value: 'NAME',
        repeated: true,
        completes: 'function',
        description: 'A function, or gateway, relay or migrate; without one, all of them are built.',
      },
    },
    options: {
      out: { value: 'FOLDER', completes: 'path', description: 'Where to write them, a folder each. Default: dist.' },
      json: JSON_OPTION,
    },
    examples: ['build', 'build place-order gateway --out /tmp/images'],
    run: (project, options) => buildImages(project, options),
  }),
]

interface BuildOptions {
  /** Of functions and services; none means all. */
  readonly names: readonly string[]
  readonly out?: string | undefined
  readonly json: boolean
}

async function buildImages(project: string, { names, out = join(project, 'dist'), json }: BuildOptions) {
  const known = [...(await findFunctions(project)), ...SERVICES]
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new ConfigError(`there is no ${unknown.join(', ')}; there are ${known.join(', ')}`)
  // Contracts are checked when they are imported here: a bundle does not repeat the checks. A service holds all contracts.
  const needsAll = names.length === 0 || names.some((name) => SERVICES.includes(name))
  const contracts = needsAll ? await importContracts(project) : {}
  const images: object[] = []
  const wanted =
    names.length > 0
      ? names
      : [
          ...Object.values(contracts)
            .filter(isFunction)
            .map(({ name }) => name),
          ...SERVICES,
        ]
  for (const name of wanted) {
    const folder = join(out, name)
    await rm(folder, { recursive: true, force: true })
    const { bytes, cacheBytes } = SERVICES.includes(name)
      ? await buildService(project, name, folder)
      : await buildFunction(project, await importFunction(project, name), folder)
    images.push({ name, folder: resolve(folder), bytes, cacheBytes })
    if (!json) printLine(`${relative(process.cwd(), folder)}: ${kib(bytes)} and ${kib(cacheBytes)} of code cache`)
  }
  if (json) printJson({ images })
}

const kib = (bytes: number) => `${Math.round(bytes / 1_024)} KiB`

export const buildClientCommand: readonly Form[] = [
  form({
    description: 'Pack a typed client of all endpoints, ready for npm publish (npm run build:client).',
    options: {
      out: { value: 'FOLDER', completes: 'path', description: 'Where to write the package. Default: dist/client.' },
      json: JSON_OPTION,
    },
    examples: ['build-client --out ../web/client'],
    run: async (project, { out, json }) => {
      const built = await build(project, out === undefined ? {} : { folder: resolve(out) })
      if (json) return printJson(built)
      const { folder, name, version, endpoints } = built
      const where = relative(process.cwd(), folder) || '.'
      printLine(`${name}@${version} with ${endpoints} endpoints is in ${where}`)
    },
  }),
]
