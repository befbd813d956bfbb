import { parseArgs } from 'node:util'
import { ConfigFault } from '../../kernel/index.ts'
import { linesOnWaiting } from '../admin/waiting.ts'
import { deafenedBy, referencesTo, removeFunction } from '../scaffold/remove-function.ts'
import { type Command, misused } from './command.ts'

export const remove: Command = {
  usage: ['remove NAME [--force]'],
  does: 'delete a function, unless something still refers to it; --force deletes it all the same',
  run: async (root, args) => {
    const options = { force: { type: 'boolean', default: false } } as const
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
    const [name] = positionals
    if (!name || positionals.length > 1) throw misused(remove)
    const references = await referencesTo(root, name)
    const deaf = await deafenedBy(root, name)
    const lines = [
      ...deaf.map((other) => `  functions/${other}  hears of what only ${name} emits`),
      ...references.map(({ file, line, text }) => `  ${file}:${line}  ${text}`),
    ]
    if (lines.length > 0 && !values.force) {
      throw new ConfigFault(
        `${name} stays, since these refer to it (--force removes it all the same):\n${lines.join('\n')}`,
      )
    }
    await removeFunction(root, name)
    const told = [
      `functions/${name} is removed`,
      ...(lines.length > 0 ? ['What refers to it:', ...lines] : []),
      ...(await linesOnWaiting(root, name)),
    ]
    process.stdout.write(`${told.join('\n')}\n`)
  },
}
