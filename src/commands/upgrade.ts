import { applyUpgrade } from '../project/upgrade/apply.ts'
import { upgrade } from '../project/upgrade/upgrade.ts'
import { printLine } from './command.ts'
import { type Form, form } from './form.ts'
import { UsageError } from './usage-error.ts'

export const upgradeCommand: readonly Form[] = [
  form({
    description:
      'Take a project to another version of Ebb: raise it in package.json and install it; change what the version needs changed in your code, and render; and list what you have to look at. Nothing is committed, and it prints the git command that undoes it.',
    arguments: {
      target: {
        value: 'VERSION|FILE.tgz',
        completes: 'path',
        description: 'A version of the npm registry, or a packed one. Default: the newest version.',
      },
    },
    options: {
      apply: {
        value: 'FROM',
        description: 'The version that the project was at: install nothing, and do only what is left to do from there.',
      },
    },
    examples: ['upgrade', 'upgrade 0.3.0', 'upgrade ../ebb-0.3.0.tgz', 'upgrade --apply 0.2.0'],
    run: async (project, { target, apply }) => {
      if (apply === undefined) return upgrade(project, target, printLine)
      if (target !== undefined) throw new UsageError('--apply is for the version that is installed: name no other one')
      await applyUpgrade(project, apply, printLine)
    },
  }),
]
