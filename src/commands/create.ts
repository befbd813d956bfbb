import { askOptions, CREATE_USAGE, completeOptions, createProject, parseCreate } from '../project/create/index.ts'
import { readKit } from '../project/create/read-kit.ts'
import { type Command, printLine } from './command.ts'

export const createCommand: Command = {
  usage: [CREATE_USAGE],
  description: 'create a project of your own in a folder; on a terminal it asks for what is not given',
  run: async (_project, args) => {
    const options = completeOptions(await askOptions(parseCreate(args)))
    await createProject(options, await readKit(), printLine)
  },
}
