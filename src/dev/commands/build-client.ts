import { relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildClient as build } from '../../deploy/build-client.ts'
import type { Command } from './command.ts'

export const buildClient: Command = {
  usage: ['build-client [--out FOLDER]'],
  does: 'pack a typed client of all endpoints, ready for npm publish (npm run build:client)',
  run: async (root, args) => {
    const { values } = parseArgs({ args: [...args], options: { out: { type: 'string' } } })
    const out = values.out === undefined ? {} : { folder: resolve(values.out) }
    const { folder, name, version, endpoints } = await build(root, out)
    const where = relative(process.cwd(), folder) || '.'
    process.stdout.write(`${name}@${version} with ${endpoints} endpoints is in ${where}\n`)
  },
}
