import { parseArgs } from 'node:util'
import { render } from '../../deploy/render/index.ts'
import { ConfigFault } from '../../kernel/index.ts'
import { SERVICES } from '../build/build-service.ts'
import { clusterSecrets } from '../cluster-secrets.ts'
import { importContracts } from '../import-contracts.ts'
import { importUses } from '../import-uses.ts'
import { compareRendered, writeRendered } from '../rendered-files.ts'
import { type Command, misused } from './command.ts'

export const renderCommand: Command = {
  usage: ['render [--check] [--openfaas ce|pro] [--pool N] [--max-connections N]', 'render secrets'],
  does: "write what clusters need, from the contracts; with `secrets`, print a new cluster's (npm run render)",
  run: async (root, args) => {
    const text = { type: 'string' } as const
    const { values, positionals } = parseArgs({
      ...{ args: [...args], allowPositionals: true },
      options: { check: { type: 'boolean' }, openfaas: text, pool: text, 'max-connections': text },
    })
    const [what, ...others] = positionals
    if (what === 'secrets' && others.length === 0) return void process.stdout.write(await clusterSecrets())
    if (what !== undefined) throw misused(renderCommand)
    const { openfaas = 'ce', pool, 'max-connections': maxConnections } = values
    if (openfaas !== 'ce' && openfaas !== 'pro') throw misused(renderCommand)
    const contracts = await importContracts(root)
    const files = render(contracts, {
      ...{ services: SERVICES, openfaas, uses: await importUses(root, Object.keys(contracts)) },
      ...(pool === undefined ? {} : { poolMax: count('--pool', pool) }),
      ...(maxConnections === undefined ? {} : { maxConnections: count('--max-connections', maxConnections) }),
    })
    if (!values.check) {
      for (const line of await writeRendered(root, files)) process.stdout.write(`${line}\n`)
      return
    }
    const differences = await compareRendered(root, files)
    if (differences.length > 0) throw new ConfigFault([...differences, 'Mend it: npm run render'].join('\n'))
  },
}

function count(option: string, given: string): number {
  const number = Number(given)
  if (!Number.isInteger(number) || number < 1) throw new ConfigFault(`${option} must be a whole number of at least 1`)
  return number
}
