import { printLine, type Verb } from './command.ts'
import { bashCompletion } from './completion/bash.ts'
import { type CompletedVerb, describeForShells } from './completion/completed-verb.ts'
import { fishCompletion } from './completion/fish.ts'
import { zshCompletion } from './completion/zsh.ts'
import { type Form, form } from './form.ts'

const SHELLS: Readonly<Record<'bash' | 'zsh' | 'fish', (verbs: readonly CompletedVerb[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
}

/** `ebb completion`, of these verbs. */
export const completionCommand = (verbs: Readonly<Record<string, Verb>>): readonly Form[] => [
  form({
    description:
      'Print a script that completes commands, options, their values and names of functions, for the start file of a shell. ' +
      "It completes ebb: where that is not on PATH, add alias ebb='npx ebb'.",
    arguments: {
      shell: {
        value: 'SHELL',
        required: true,
        choices: ['bash', 'zsh', 'fish'],
        description: 'The shell that reads it.',
      },
    },
    examples: [
      'completion bash >> ~/.bashrc',
      'completion zsh >> ~/.zshrc',
      'completion fish > ~/.config/fish/completions/ebb.fish',
    ],
    run: async (_project, { shell }) => printLine(SHELLS[shell](await describeForShells(verbs))),
  }),
]
