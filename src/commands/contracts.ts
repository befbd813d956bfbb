import { compareWithData, compareWithRef } from '../deploy/contracts-diff/compare-trees.ts'
import type { Finding } from '../deploy/contracts-diff/index.ts'
import { readContractsData } from '../protocol/admin/contracts.ts'
import { ADMIN_OPTIONS, callAdmin } from './admin-client.ts'
import { printJson } from './command.ts'
import { type Form, form } from './form.ts'
import { UsageError } from './usage-error.ts'

export const contractsCommand: readonly Form[] = [
  form({
    word: 'diff',
    description:
      'List what the contracts break since a git ref, or compared with those that run, and for whom. It fails if no higher version announces it.',
    arguments: {
      ref: { value: 'GIT_REF', description: 'The commit, branch or tag to compare with.' },
    },
    options: {
      accept: {
        value: 'NAME',
        repeated: true,
        description: 'What may break without a higher version, such as functions/place-order.',
      },
      running: { description: 'Compare with what runs: here, or at --admin.' },
      ...ADMIN_OPTIONS,
    },
    examples: [
      'contracts diff HEAD',
      'contracts diff origin/main --accept functions/place-order',
      'contracts diff --running --admin http://localhost:8081',
    ],
    run: async (project, { ref: given, accept, json, running, admin }) => {
      if ((given === undefined) !== running) throw new UsageError('contracts diff takes a git ref, or --running.')
      const ref = given ?? (admin ? `what runs at ${admin}` : 'what runs')
      const found =
        given === undefined
          ? await compareWithData(project, await callAdmin(project, readContractsData, {}, { admin }))
          : await compareWithRef(project, given)
      const findings = found.map((finding) =>
        finding.effect === 'breaks' && !finding.announced && accept.includes(finding.where)
          ? { ...finding, announced: '--accept' }
          : finding,
      )
      const silent = findings.filter(({ effect, announced }) => effect === 'breaks' && !announced)
      if (json) printJson({ ref, findings })
      else process.stdout.write(formatFindings(findings, silent.length, ref))
      if (silent.length > 0) process.exitCode = 1
    },
  }),
]

function formatFindings(findings: readonly Finding[], silent: number, ref: string): string {
  const lines = findings.map(({ where, effect, whom, says, announced }) => {
    const what = effect === 'breaks' ? `BREAKS ${whom}` : 'note'
    return `${where}  ${what}  ${says}${announced ? `  (announced by ${announced})` : ''}\n`
  })
  const verdict =
    silent > 0
      ? `${silent} unannounced since ${ref}: raise \`version\` in those contracts, or change them so that nothing breaks\n`
      : `Nothing breaks unannounced since ${ref}.\n`
  return [...lines, verdict, ...(silent > 0 && findings.some(breaksStored) ? [STORED] : [])].join('')
}

const breaksStored = ({ whom, announced }: Finding) => whom === 'deliveries' && !announced
const STORED = 'Events that are stored are read by a new `version` of their event() with an `upcast`.\n'
