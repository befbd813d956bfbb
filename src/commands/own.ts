import { own } from '../project/own/own.ts'
import { ownBack } from '../project/own/own-back.ts'
import { printLine } from './command.ts'
import { type Form, form } from './form.ts'

export const ownCommand: readonly Form[] = [
  form({
    description:
      "Copy the platform's sources into ./ebb, a workspace of the project, which it runs from then on. Upgrades merge later versions into them, so that your patches stay. Nothing is committed, and it prints the git command that undoes it.",
    options: {
      back: { description: 'Return to the package, and list the patches that are lost by it.' },
    },
    examples: ['own', 'own --back'],
    run: (project, { back }) => (back ? ownBack : own)(project, printLine),
  }),
]
