import type { Judged } from './judge.ts'
import { type Reason, reasonFor } from './reasons.ts'

interface Run {
  readonly seed: string
  readonly version: string
}

/** docs/contracts-gate.md: what both judged, and each class of differences with its reason. */
export function writePage(judged: readonly Judged[], { seed, version }: Run): string {
  const breaking = judged.filter(({ breaks }) => breaks)
  const harmless = judged.filter(({ breaks }) => !breaks)
  const shown = judged.filter(({ isShown }) => isShown)
  const flags = ({ oasdiff }: Judged) => oasdiff.errors.length + oasdiff.warnings.length > 0
  const count = (all: readonly Judged[], of: (one: Judged) => boolean) => `${all.filter(of).length} of ${all.length}`
  const classes = Map.groupBy(
    judged.filter((one) => one.ebb !== flags(one)),
    reasonFor,
  )
  const rows = [...classes].flatMap(([reason, some]) => (reason ? [rowOf(reason, some)] : []))
  return `# What contracts diff catches, beside oasdiff

Written by \`EBB_SEED=${seed} npm run e2e:oasdiff\`, which changes contracts in ${judged.length} ways, each at a place of its own, and asks \`ebb contracts diff\` and
[oasdiff](https://github.com/oasdiff/oasdiff) (${version}, errors and warnings, of the OpenAPI documents before and after) whether it breaks anybody. What is right is known without
either: a schema that becomes narrower refuses a value that the other one took, which the test of the mutations (\`test/gate\`) tries, and what callers are promised says the rest.

|                                 | contracts diff | oasdiff |
| ------------------------------- | -------------- | ------- |
| breaking changes that it caught | ${count(breaking, ({ ebb }) => ebb)} | ${count(breaking, flags)} |
| harmless changes that it passed | ${count(harmless, ({ ebb }) => !ebb)} | ${count(harmless, (one) => !flags(one))} |

OpenAPI shows ${shown.length} of the ${judged.length}. What \`contracts diff\` did not pass, though it is harmless, is one pattern in the place of another: which of the two takes more is decided by nobody.

## Where they differ

Each difference belongs to one of these classes, or the script fails.

| what they judge differently | contracts diff | oasdiff | how many | why |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`
}

const rowOf = ({ what, ebb, why }: Reason, some: readonly Judged[]) =>
  `| ${what} | ${ebb} | ${ebb === 'breaks' ? 'passes' : 'breaks'} | ${some.length} | ${why} |`
