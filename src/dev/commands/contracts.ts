import { parseArgs } from 'node:util'
import type { Finding } from '../../deploy/contracts-diff/index.ts'
import { compareContracts } from '../compare-contracts.ts'
import { type Command, misused } from './command.ts'

export const contracts: Command = {
  usage: ['contracts diff GIT_REF [--accept NAME …] [--json]'],
  does: 'what the contracts break since a git ref, and whom; fails where no higher version announces it',
  run: async (root, args) => {
    const accept = { type: 'string', multiple: true, default: [] as string[] } as const
    const options = { accept, json: { type: 'boolean', default: false } } as const
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
    const [verb, ref, ...others] = positionals
    if (verb !== 'diff' || !ref || others.length > 0) throw misused(contracts)
    const found = await compareContracts(root, ref)
    const findings = found.map((finding) =>
      finding.effect === 'breaks' && !finding.announced && values.accept.includes(finding.where)
        ? { ...finding, announced: '--accept' }
        : finding,
    )
    const silent = findings.filter(({ effect, announced }) => effect === 'breaks' && !announced)
    process.stdout.write(values.json ? `${JSON.stringify({ ref, findings })}\n` : report(findings, silent.length, ref))
    if (silent.length > 0) process.exitCode = 1
  },
}

function report(findings: readonly Finding[], silent: number, ref: string): string {
  const lines = findings.map(({ where, effect, whom, says, announced }) => {
    const what = effect === 'breaks' ? `BREAKS ${whom}` : 'note'
    return `${where}  ${what}  ${says}${announced ? `  (announced by ${announced})` : ''}\n`
  })
  const verdict =
    silent > 0
      ? `${silent} unannounced since ${ref}: raise \`version\` in those contracts, or change them so that nothing breaks\n`
      : `Nothing breaks unannounced since ${ref}.\n`
  return [...lines, verdict].join('')
}
