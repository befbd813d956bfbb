import { parseArgs } from 'node:util'
import { own } from '../project/own/own.ts'
import { ownBack } from '../project/own/own-back.ts'
import { type Command, flag, printLine } from './command.ts'

export const ownCommand: Command = {
  usage: ['own [--back]'],
  description: "copy the platform's sources into ./ebb and run those; with --back, return to the package",
  run: async (project, args) => {
    const { values } = parseArgs({ args: [...args], options: { back: flag } })
    await (values.back ? ownBack : own)(project, printLine)
  },
}
