import { parseArgs } from 'node:util'
import { ConfigFault } from '../../kernel/index.ts'
import { linesOnWaiting } from '../admin/waiting.ts'
import { assertFunction, deafenedBy, importsOf, mentionsOf, removeFunction } from '../scaffold/remove-function.ts'
import { untilTaken } from '../scaffold/until-taken.ts'
import { type Command, misused } from './command.ts'

export const remove: Command = {
  usage: ['remove NAME [--force]'],
  does: 'delete a function, unless another part of the checkout needs it; --force deletes it all the same',
  run: async (root, args) => {
    const options = { force: { type: 'boolean', default: false } } as const
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
    const [name] = positionals
    if (!name || positionals.length > 1) throw misused(remove)
    await assertFunction(root, name)
    const [deaf, imports, mentions] = [
      await deafenedBy(root, name),
      await importsOf(root, name),
      await mentionsOf(root, name),
    ]
    const lines = [
      ...deaf.map((other) => `  functions/${other}  hears of what only ${name} emits`),
      ...imports.map(({ file, line, text }) => `  ${file}:${line}  ${text}`),
    ]
    if (lines.length > 0 && !values.force) {
      throw new ConfigFault(
        `${name} stays, since these need it (--force removes it all the same):\n${lines.join('\n')}`,
      )
    }
    await removeFunction(root, name)
    await untilTaken(root, name, { isThere: false })
    const notes = [
      ...(lines.length > 0 ? ['What needs it:', ...lines] : []),
      ...(await linesOnWaiting(root, name)),
      ...(mentions.length > 0 ? [`Its name is still in ${mentions.join(', ')}.`] : []),
    ]
    process.stdout.write([`functions/${name} is removed`, ...notes, ''].join('\n'))
  },
}
