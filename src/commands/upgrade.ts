import { parseArgs } from 'node:util'
import { applyUpgrade } from '../project/upgrade/apply.ts'
import { upgrade } from '../project/upgrade/upgrade.ts'
import { type Command, printLine, text, usageError } from './command.ts'

export const upgradeCommand: Command = {
  usage: ['upgrade [VERSION|FILE]', 'upgrade --apply FROM'],
  description:
    'raise Ebb to the newest version, another one or a packed file, and change what that needs changed; with --apply, only do the latter, as from version FROM',
  run: async (project, args) => {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { apply: text } })
    const [given, ...others] = positionals
    if (others.length > 0 || (values.apply !== undefined && given !== undefined)) throw usageError(upgradeCommand)
    if (values.apply !== undefined) return applyUpgrade(project, values.apply, printLine)
    await upgrade(project, given, printLine)
  },
}
