import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { findEvents, type NewFunctionOptions, newFunction, usualRequests } from '../scaffold/new-function.ts'
import { type Taken, untilTaken } from '../scaffold/until-taken.ts'
import { type Command, misused } from './command.ts'

const text = { type: 'string' } as const

export const newCommand: Command = {
  usage: ['new VERB-NOUN [--method METHOD] [--path PATH]', 'new VERB-NOUN --on EVENT-TYPE'],
  does: 'write a function that works: an endpoint, or a subscriber of an event; asks for what is not given',
  run: async (root, args) => {
    const options = { method: text, path: text, on: text }
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
    const [name] = positionals
    if (!name || positionals.length > 1) throw misused(newCommand)
    const asked = Object.keys(values).length === 0 && process.stdin.isTTY ? await ask(root, name) : values
    const files = await newFunction(root, name, asked)
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

async function ask(root: string, name: string): Promise<NewFunctionOptions> {
  const usual = usualRequests(name)
  const events = (await findEvents(root)).map(({ type }) => type)
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    const on = await terminal.question(`Subscribe to an event (${events.join(', ')})? Empty for an endpoint: `)
    if (on) return { on }
    const method = await terminal.question(`Method [${usual.method}]: `)
    const path = await terminal.question(`Path [${usual.path}]: `)
    return { method: method || undefined, path: path || undefined }
  } finally {
    terminal.close()
  }
}
