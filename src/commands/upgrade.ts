import { applyUpgrade } from '../project/upgrade/apply.ts'
import { upgrade } from '../project/upgrade/upgrade.ts'
import { printLine } from './command.ts'
import { type Form, form } from './form.ts'
import { usageErrorOf } from './parse-arguments.ts'

export const upgradeCommand: readonly Form[] = [
  form({
    description: 'Take the project to another version of Ebb, and change in it what that version needs changed.',
    arguments: {
      to: {
        value: 'VERSION|FILE',
        completes: 'path',
        description: 'A version, or a packed Ebb. Default: the newest version.',
      },
    },
    options: {
      apply: { value: 'FROM', description: 'Only change what the installed version needs changed since this one.' },
    },
    examples: ['upgrade', 'upgrade ../ebb-0.3.0.tgz', 'upgrade --apply 0.1.0'],
    run: (project, { to, apply }) => {
      if (apply === undefined) return upgrade(project, to, printLine)
      if (to === undefined) return applyUpgrade(project, apply, printLine)
      throw usageErrorOf('upgrade', 'give a version to upgrade to, or --apply, and not both')
    },
  }),
]
