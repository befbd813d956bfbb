import { basename, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { ConfigError } from '../../kernel/config-error.ts'
import { type CreateArguments, EXAMPLES } from './create-options.ts'
import { assertProjectName, suggestName } from './project-name.ts'

/** Asks for what the arguments leave open: on a terminal, and unless they have --yes. */
export async function askOptions(given: CreateArguments): Promise<CreateArguments> {
  if (given.yes || !process.stdin.isTTY || !process.stdout.isTTY) return given
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const ended = new AbortController()
  terminal.once('close', () => ended.abort())
  const ask = async (question: string, byDefault: string): Promise<string> => {
    const answer = await terminal.question(`${question} (${byDefault}): `, { signal: ended.signal }).catch((cause) => {
      throw new ConfigError('the questions were not answered, and nothing was written', { cause })
    })
    return answer.trim() || byDefault
  }
  try {
    const folder = given.folder ?? (await ask('Folder', 'my-api'))
    const name = given.name ?? (await askName(folder, ask))
    const example = given.example ?? (await askExample(ask))
    return { ...given, folder, name, example }
  } finally {
    terminal.close()
  }
}

type Ask = (question: string, byDefault: string) => Promise<string>

/** Asks until the answer is a name that can be used. */
async function askName(folder: string, ask: Ask): Promise<string> {
  const suggested = suggestName(basename(resolve(folder)))
  for (;;) {
    const name = await ask('Name, for npm and DNS', suggested)
    try {
      assertProjectName(name)
      return name
    } catch (error) {
      process.stdout.write(`${error instanceof Error ? error.message : error}\n`)
    }
  }
}

async function askExample(ask: Ask) {
  for (;;) {
    const answer = await ask('Begin with a note, or with a shop as a larger example', 'note')
    const example = EXAMPLES.find((known) => known === answer)
    if (example) return example
  }
}
