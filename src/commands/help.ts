import { printLine, type Verb } from './command.ts'
import { describeVerb, describeVerbs } from './describe-verbs.ts'
import { findVerb } from './find-verb.ts'
import { type Form, form } from './form.ts'

/** `ebb help`, of these verbs. */
export const helpCommand = (verbs: Readonly<Record<string, Verb>>): readonly Form[] => [
  form({
    description: 'Print all commands, or describe one with its options and an example, as --help does.',
    arguments: {
      command: { value: 'COMMAND', description: 'The command to describe.', completes: 'command' },
      word: { value: 'WORD', description: 'One of its forms, such as list of events.' },
    },
    examples: ['help check', 'help events list'],
    run: async (_project, { command, word }) => {
      if (command === undefined) return printLine(describeVerbs(verbs))
      const verb = findVerb(verbs, command)
      printLine(describeVerb(command, verb, await verb.load(), word))
    },
  }),
]
