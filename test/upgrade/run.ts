import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { pack } from '../../release/pack.ts'
import { readOptions } from '../cluster/options.ts'
import { upgradeOnCluster } from './cluster.ts'
import { upgradeOnLaptop } from './laptop.ts'
import { packRelease } from './pack-release.ts'
import type { Fixture } from './pair.ts'
import { KINDS } from './projects.ts'
import { type Release, readReleases } from './releases.ts'

const HELP = `npm run e2e:upgrade -- [options]

  --kind fresh|own|patched   one of the projects that are upgraded; more than once (all)
  --to-next                  from this checkout to a next version that is the same, by ebb upgrade
  --cluster                  by helm upgrade on a cluster; what follows is what e2e:cluster takes

Makes projects of the last release that CHANGELOG.md names, upgrades them to this checkout under load and with work in flight,
and goes back again. It takes about four minutes a project, and on a cluster ten more.
`

const words = process.argv.slice(2)
const isCluster = words.includes('--cluster')
const ownWords = isCluster ? words.slice(0, words.indexOf('--cluster')) : words
const options = isCluster ? readOptions(words.slice(ownWords.length + 1)) : undefined
const { values } = parseArgs({
  args: ownWords,
  options: {
    kind: { type: 'string', multiple: true, default: [...KINDS] },
    'to-next': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const kinds = KINDS.filter((kind) => values.kind.includes(kind))
if (values.help || kinds.length === 0) {
  process.stdout.write(HELP)
  process.exit(values.help ? 0 : 2)
}

const folder = await mkdtemp(join(tmpdir(), 'ebb-upgrade-'))
let failed = 0
try {
  const [current, last]: readonly Release[] = readReleases(await readFile('CHANGELOG.md', 'utf8'))
  if (!current || !last) throw new Error('CHANGELOG.md names no release before this one')
  const packed = await pack(join(folder, 'packed'))
  const next = values['to-next']
    ? await pack(join(folder, 'packed'), {
        version: current.version.replace(/\d+$/, (patch) => `${Number(patch) + 1}-next.1`),
      })
    : undefined
  // Where nothing is to be done by hand, `ebb upgrade` does it all.
  const isByHand = current.steps.size > 0
  const from = next ? packed : isByHand ? last : await packRelease(last, folder)
  for (const kind of kinds) {
    const fixture: Fixture = { kind, from, to: next ?? packed, ...(isByHand && !next ? { steps: current.steps } : {}) }
    try {
      const at = join(folder, kind)
      const lines = options ? upgradeOnCluster(fixture, at, options) : upgradeOnLaptop(fixture, at)
      for await (const line of lines) print(kind, line)
      print(kind, 'passed')
    } catch (error) {
      failed++
      print(kind, `FAILED: ${error instanceof Error ? error.message : error}`)
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.stdout.write(`${kinds.length - failed} passed, ${failed} failed\n`)
process.exitCode = failed > 0 ? 1 : 0

function print(kind: string, line: string) {
  process.stdout.write(
    `${new Date().toISOString().slice(11, 19)}  ${kind.padEnd(8)}${line.replaceAll(resolve(folder), '…')}\n`,
  )
}
