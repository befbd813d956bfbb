import { parseArgs, styleText } from 'node:util'
import { ConfigFault } from '../../kernel/index.ts'
import { type Checked, checkDeployed } from '../check/check-deployed.ts'
import { importContracts } from '../import-contracts.ts'
import { type Command, misused } from './command.ts'

const text = { type: 'string' } as const
const OPTIONS = { url: text, key: text, origin: text, json: { type: 'boolean', default: false } } as const

export const check: Command = {
  usage: ['check --url URL [--key KEY] [--origin ORIGIN] [--json]'],
  does: 'compare a deployed Ebb with the contracts here, and look whether it answers as it should; writes nothing there',
  run: async (root, args) => {
    const { values } = parseArgs({ args: [...args], options: OPTIONS })
    const { url, json, ...options } = values
    if (url === undefined) throw misused(check)
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw new ConfigFault('--url must be http:// or https://')
    const all: Checked[] = []
    for await (const checked of checkDeployed(await importContracts(root), { url, ...options })) {
      all.push(checked)
      if (!json) for (const line of linesOf(checked)) print(line)
    }
    const failed = all.filter(({ faults }) => faults.length > 0).length
    const passed = all.length - failed
    if (json) print(JSON.stringify({ url, ok: failed === 0, passed, failed, checks: all }, undefined, 2))
    else print(`\n${passed} passed, ${failed} failed`)
    if (failed > 0) process.exitCode = 1
  },
}

const print = (line: string) => void process.stdout.write(`${line}\n`)

function linesOf({ name, faults }: Checked): readonly string[] {
  if (faults.length === 0) return [`${styleText('green', '  ok')}  ${name}`]
  return [`${styleText('red', 'FAIL')}  ${name}`, ...faults.map((fault) => `        ${fault}`)]
}
