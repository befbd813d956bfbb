/**
 * npm run chaos:mutants -- [--only 'no inbox'] [any option of npm run chaos]
 *
 * Breaks a copy of the code in one way after the other, and shows that the test fails for each; for the copy as it is, it passes.
 */
import { spawn } from 'node:child_process'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { copyCheckout } from '../../support/checkout.ts'
import { applyEdit, MUTANTS, type Mutant } from './mutants.ts'

const OPTIONS = {
  ...{ seed: '18', requests: '300', kills: '10', 'postgres-crashes': '2', 'full-disks': '0', resets: '3' },
  ...{ frozen: '2', jumps: '0' },
}
const UNBROKEN: Mutant = { name: 'as it is', file: 'src/cli.ts', edits: [] }
/** What the test needs besides the platform. */
const OF_THE_TEST = ['test/chaos', 'test/support', 'bench/measure']

const MAX_KINDS = 6
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const args = process.argv.slice(2)
const only = args[0] === '--only' ? args[1] : undefined
const given = only === undefined ? args : args.slice(2)
const chosen = [UNBROKEN, ...MUTANTS].filter(({ name }) => only === undefined || name.includes(only))

let caught = 0
for (const mutant of chosen) {
  const { verdict, found } = await runOn(mutant)
  const isCaught = !verdict.startsWith('verdict: 0 lost, 0 doubled, 0 untrue')
  if (isCaught !== (mutant !== UNBROKEN)) process.exitCode = 1
  if (isCaught) caught++
  console.log([`${isCaught ? 'fails' : 'passes'}: ${mutant.name}`, verdict, ...found].join('\n  '))
}
console.log(`${caught} of ${chosen.filter((mutant) => mutant !== UNBROKEN).length} mutants are caught`)

/** Runs the test on a copy with this change; resolves to its verdict, and to one of each kind of what it found. */
async function runOn({ file, edits }: Mutant) {
  const copy = await copyCheckout()
  try {
    for (const folder of OF_THE_TEST) await cp(folder, join(copy.root, folder), { recursive: true })
    const path = join(copy.root, file)
    await writeFile(path, edits.reduce(applyEdit, await readFile(path, 'utf8')))
    const options = Object.entries(OPTIONS).flatMap(([name, value]) => [`--${name}`, value])
    const child = spawn(process.execPath, ['test/chaos/acknowledged/main.ts', ...options, ...given], {
      ...{ cwd: copy.root, stdio: ['ignore', 'pipe', 'inherit'] },
    })
    const end = () => child.kill('SIGTERM')
    process.once('exit', end)
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line)
      if (/^\d+ acknowledged/.test(line)) console.log(`  … ${line}`)
    }
    process.off('exit', end)
    const verdict = lines.find((line) => line.startsWith('verdict: '))
    if (verdict === undefined) throw new Error(`the test came to no verdict:\n${lines.join('\n')}`)
    return { verdict, found: findKinds(lines) }
  } finally {
    await copy.remove()
  }
}

/** One line for each way in which something is wrong, whatever the entry and the numbers in it. */
function findKinds(lines: readonly string[]): readonly string[] {
  const found = lines.filter((line) => /^(lost|doubled|untrue): /.test(line))
  const kinds = new Map(found.map((line) => [line.replaceAll(/entry-\S+|[0-9a-f]{8}-\S+|\d+/g, ''), line]))
  return [...kinds.values()].slice(0, MAX_KINDS)
}
