import { parseArgs } from 'node:util'
import { newFunction } from '../scaffold/new-function.ts'
import { type Taken, untilTaken } from '../scaffold/until-taken.ts'
import { type Command, misused } from './command.ts'

const text = { type: 'string' } as const

export const newCommand: Command = {
  usage: ['new VERB-NOUN [--method METHOD] [--path PATH]', 'new VERB-NOUN --on EVENT-TYPE'],
  does: 'write a function that works: an endpoint, by what its name says unless told, or a subscriber of an event',
  run: async (root, args) => {
    const options = { method: text, path: text, on: text }
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
    const [name] = positionals
    if (!name || positionals.length > 1) throw misused(newCommand)
    const files = await newFunction(root, name, values)
    process.stdout.write(`${files.join('\n')}\n\n`)
    const served = SERVED[await untilTaken(root, name, { isThere: true })]
    process.stdout.write(`${served} Its test: npm test -- functions/${name}\n`)
  },
}

const SERVED: Readonly<Record<Taken, string>> = {
  taken: 'The Ebb that runs here serves it.',
  late: 'The Ebb that runs here does not serve it yet; its terminal says why.',
  nobody: 'npm start serves it.',
}
