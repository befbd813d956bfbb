import { rm } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildFunction, buildService, SERVICES } from '../build/build-image.ts'
import { buildClient as build } from '../deploy/build-client.ts'
import { importContract, importContracts } from '../deploy/import-sources.ts'
import { findFunctions } from '../deploy/index.ts'
import { ConfigError } from '../kernel/index.ts'
import { type Command, printLine, text } from './command.ts'

export const buildCommand: Command = {
  usage: ['build [NAME…] [--out FOLDER]'],
  description: 'build what the images hold into dist/, of all functions and services or the named ones (npm run build)',
  run: async (project, args) => {
    const { values, positionals } = parseArgs({
      ...{ args: [...args], allowPositionals: true },
      options: { out: { ...text, default: join(project, 'dist') } },
    })
    const functions = await findFunctions(project)
    const known = [...functions, ...SERVICES]
    const unknown = positionals.filter((name) => !known.includes(name))
    if (unknown.length > 0) throw new ConfigError(`there is no ${unknown.join(', ')}; there are ${known.join(', ')}`)
    const wanted = positionals.length > 0 ? positionals : known
    // Contracts are checked when they are imported here: a bundle does not repeat the checks. A service holds all contracts.
    const needsAll = wanted.some((name) => !functions.includes(name))
    const contracts = needsAll ? await importContracts(project) : {}
    for (const name of wanted) {
      const folder = join(values.out, name)
      await rm(folder, { recursive: true, force: true })
      const contract = contracts[name] ?? (functions.includes(name) ? await importContract(project, name) : undefined)
      const built = contract
        ? await buildFunction(project, contract, folder)
        : await buildService(project, name, folder)
      printLine(`${relative(process.cwd(), folder)}: ${kib(built.bytes)} and ${kib(built.cacheBytes)} of code cache`)
    }
  },
}

const kib = (bytes: number) => `${Math.round(bytes / 1_024)} KiB`

export const buildClientCommand: Command = {
  usage: ['build-client [--out FOLDER]'],
  description: 'pack a typed client of all endpoints, ready for npm publish (npm run build:client)',
  run: async (project, args) => {
    const { values } = parseArgs({ args: [...args], options: { out: text } })
    const out = values.out === undefined ? {} : { folder: resolve(values.out) }
    const { folder, name, version, endpoints } = await build(project, out)
    const where = relative(process.cwd(), folder) || '.'
    printLine(`${name}@${version} with ${endpoints} endpoints is in ${where}`)
  },
}
