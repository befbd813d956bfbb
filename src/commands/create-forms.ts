import { askOptions, completeOptions, createProject, EXAMPLES } from '../project/create/index.ts'
import type { CreateKit } from '../project/create/project-files.ts'
import { FORGES } from '../project/pipeline/forges.ts'
import { printLine } from './command.ts'
import { type Form, form } from './form.ts'
import { UsageError } from './usage-error.ts'

/** `ebb create`, with what projects are made of: `npm create ebb` is the same, and has that in itself. */
export const createForms = (readKit: () => Promise<CreateKit>): readonly Form[] => [
  form({
    description:
      'Create a project of your own: its files, its packages, what is rendered, and its first commit. On a terminal it asks for what is not given. One that was interrupted goes on when it is created again.',
    arguments: {
      folder: { value: 'FOLDER', completes: 'path', description: 'Where to: an empty folder, or one that is made.' },
    },
    options: {
      name: { value: 'NAME', description: 'Its name, for npm and DNS. Default: the name of the folder.' },
      example: { value: 'EXAMPLE', choices: EXAMPLES, description: 'What its functions are. Default: note.' },
      ebb: {
        value: 'VERSION|FILE.tgz',
        description: 'The version of Ebb, or a packed one, which goes into the project. Default: this version.',
      },
      ci: {
        value: 'FORGE',
        choices: FORGES,
        default: 'github',
        description: 'What runs its pipeline; ebb pipeline writes another one later.',
      },
      'no-install': { description: 'Write the files only: install no packages, and render nothing.' },
      'no-git': { description: 'Make no git repository.' },
      yes: { short: 'y', description: 'Ask nothing.' },
    },
    examples: ['create my-api', 'create my-api --example shop', 'create ../my-api --ebb ebb-0.2.0.tgz --yes'],
    run: async (_project, { 'no-install': noInstall, 'no-git': noGit, ...given }) => {
      const { folder, ...options } = await askOptions({ ...given, install: !noInstall, git: !noGit })
      if (!folder) throw new UsageError('name the folder of the new project, such as ebb create my-api')
      await createProject(completeOptions(folder, options), await readKit(), printLine)
    },
  }),
]
