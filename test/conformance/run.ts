/** `npm run conformance -- --url URL`: checks whether an Ebb, wherever it runs, keeps what it promises to its callers. */
import { parseArgs } from 'node:util'
import { type Outcome, runConformance } from './run-conformance.ts'
import { holdProduct, SCOPES, type Target } from './target.ts'

const HELP = `npm run conformance -- --url URL [options]

  --url URL        the gateway of an Ebb with the functions of this checkout; products, orders and accounts are made there
  --admin URL      its admin port, whose key is in EBB_ADMIN_KEY: callers are made, and their keys taken back at the end
  --key KEY        without an admin port: an API key with ${SCOPES.join(', ')}
  --database URL   its Postgres: makes orders wait, for the cases of deadlines and retries
  --only TEXT      cases whose names have this in them; more than once

What a target has not got is skipped. A laptop: npx ebb keys show merchant; .ebb/running.json has the rest.
`

interface Options {
  readonly target: Target
  readonly only: readonly string[]
}

/** What the command line and the environment say; undefined, after printing the help, where that is not enough. */
function readOptions(words: readonly string[], env = process.env): Options | undefined {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...words],
    options: { url: text, admin: text, key: text, database: text, only: { ...text, multiple: true } },
  })
  const { url, admin, key, database, only = [] } = values
  if (url === undefined || (admin !== undefined && !env.EBB_ADMIN_KEY)) {
    process.stderr.write(HELP)
    return undefined
  }
  const target: Target = {
    ...{ url, key },
    admin: admin === undefined ? undefined : { url: admin, key: env.EBB_ADMIN_KEY ?? '' },
    holdProduct: database === undefined ? undefined : (sku) => holdProduct(database, sku),
  }
  return { target, only }
}

const options = readOptions(process.argv.slice(2))
if (options) {
  const { target, only } = options
  const outcomes = await runConformance(target, { only, onOutcome: print })
  const count = (wanted: Outcome['outcome']) => outcomes.filter(({ outcome }) => outcome === wanted).length
  process.stdout.write(`\n${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped\n`)
  process.exitCode = count('passed') > 0 && count('failed') === 0 ? 0 : 1
} else {
  process.exitCode = 2
}

function print({ name, outcome, why, tookMs }: Outcome) {
  const mark = outcome === 'failed' ? 'FAILED' : outcome
  const rest = outcome === 'passed' ? ` (${tookMs} ms)` : `\n         ${why?.replaceAll('\n', '\n         ')}`
  process.stdout.write(`${mark.padEnd(9)}${name}${rest}\n`)
}
