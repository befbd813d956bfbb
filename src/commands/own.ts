import { own } from '../project/own/own.ts'
import { ownBack } from '../project/own/own-back.ts'
import { printLine } from './command.ts'
import { type Form, form } from './form.ts'

export const ownCommand: readonly Form[] = [
  form({
    description:
      "Copy the platform's sources into ./ebb, and run those from then on. ebb upgrade merges what you change there with the next version.",
    options: { back: { description: 'Return to the package, and say which of your changes that leaves behind.' } },
    examples: ['own', 'own --back'],
    run: (project, { back }) => (back ? ownBack : own)(project, printLine),
  }),
]
