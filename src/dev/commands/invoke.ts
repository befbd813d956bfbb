import { parseArgs } from 'node:util'
import { findFunctions } from '../../deploy/index.ts'
import { ConfigFault, processConfig } from '../../kernel/index.ts'
import { importContract } from '../import-contracts.ts'
import { invokeFunction } from '../invoke/invoke-function.ts'
import { readCaller, readRequest } from '../invoke/read-words.ts'
import { invokedJson, invokedText } from '../invoke/show-invoked.ts'
import { type Command, misused } from './command.ts'

const text = { type: 'string' } as const
const OPTIONS = {
  ...{ event: text, data: text, as: text },
  scopes: { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
} as const

export const invoke: Command = {
  usage: [
    'invoke ENDPOINT [--data JSON] [--as ROLE|SUBJECT] [--scopes SCOPE,…] [--json]',
    'invoke SUBSCRIBER [--event FILE|- | --data JSON] [--json]',
  ],
  does: 'run one function once, without the gateway, on the database of the Ebb that runs here; its effects are real',
  run: async (root, args) => {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [name] = positionals
    if (!name || positionals.length > 1) throw misused(invoke)
    const names = await findFunctions(root)
    if (!names.includes(name)) throw new ConfigFault(`there is no function ${name}; there are ${names.join(', ')}`)
    const contract = await importContract(root, name)
    const request = await readRequest(contract, values)
    const caller = await readCaller(root, contract, values)
    const config = processConfig()
    const invoked = await invokeFunction(contract, request, { root, config, caller, signal: interruption() })
    process.stdout.write(`${values.json ? invokedJson(name, invoked) : invokedText(invoked)}\n`)
    if (invoked.status >= 500) process.exitCode = 1
  },
}

/** Aborts with Ctrl-C, so that what was started is ended first. */
function interruption(): AbortSignal {
  const stopped = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => stopped.abort(new ConfigFault('stopped before there was an answer')))
  }
  return stopped.signal
}
