import { rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { findFunctions } from '../../deploy/index.ts'
import { ConfigFault } from '../../kernel/index.ts'
import { buildFunction } from '../build/build-function.ts'
import { buildService, SERVICES } from '../build/build-service.ts'
import { importContract, importContracts } from '../import-contracts.ts'
import type { Command } from './command.ts'

export const build: Command = {
  usage: ['build [NAME…] [--out FOLDER]'],
  does: 'build what the images hold into dist/, of all functions and services or the named ones (npm run build)',
  run: async (root, args) => {
    const { values, positionals } = parseArgs({
      ...{ args: [...args], allowPositionals: true },
      options: { out: { type: 'string', default: join(root, 'dist') } },
    })
    const functions = await findFunctions(root)
    const known = [...functions, ...SERVICES]
    const unknown = positionals.filter((name) => !known.includes(name))
    if (unknown.length > 0) throw new ConfigFault(`there is no ${unknown.join(', ')}; there are ${known.join(', ')}`)
    const wanted = positionals.length > 0 ? positionals : known
    // Loading them is what checks them: a bundle does not do it again. A service holds all of them.
    const needsAll = wanted.some((name) => !functions.includes(name))
    const contracts = needsAll ? await importContracts(root) : {}
    for (const name of wanted) {
      const folder = join(values.out, name)
      await rm(folder, { recursive: true, force: true })
      const contract = contracts[name] ?? (functions.includes(name) ? await importContract(root, name) : undefined)
      const built = contract ? await buildFunction(root, contract, folder) : await buildService(root, name, folder)
      process.stdout.write(
        `${relative(process.cwd(), folder)}: ${kib(built.bytes)} and ${kib(built.cacheBytes)} of code cache\n`,
      )
    }
  },
}

const kib = (bytes: number) => `${Math.round(bytes / 1_024)} KiB`
