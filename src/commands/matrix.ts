import { runMatrix } from '../conformance/index.ts'
import { importContracts, readRoles } from '../deploy/import-sources.ts'
import { findRunning } from '../dev/announcement.ts'
import { printable } from '../dev/report.ts'
import { ConfigError, processConfig } from '../kernel/index.ts'
import { printJson, printLine } from './command.ts'

interface MatrixOptions {
  readonly url: string | undefined
  readonly admin: string | undefined
  readonly json: boolean
}

/** Asks the Ebb that the options name, or the one that runs here, every cell of the matrix of this project, and prints what is wrong. */
export async function checkMatrix(project: string, { url, admin, json }: MatrixOptions): Promise<void> {
  const [contracts, roles] = [await importContracts(project), await readRoles(project)]
  const target = await findTarget(project, { url, admin })
  const { cells, wrong, unasked } = await runMatrix({ ...target, contracts, roles })
  if (json) printJson({ url: target.url, ok: wrong.length === 0, cells, wrong, unasked })
  else {
    for (const { cell, why } of wrong) printLine(printable(`WRONG    ${cell}: ${why}`))
    for (const [why, count] of countBy(unasked.map((one) => one.why)))
      printLine(printable(`not asked: ${count}, ${why}`))
    printLine(`${cells.length} cells, ${wrong.length} wrong, ${unasked.length} not asked`)
  }
  if (wrong.length > 0 || cells.length === 0) process.exitCode = 1
}

async function findTarget(project: string, { url, admin }: Pick<MatrixOptions, 'url' | 'admin'>) {
  if (url !== undefined) {
    const { EBB_ADMIN_KEY: key } = processConfig()
    if (admin === undefined || !key)
      throw new ConfigError('the matrix needs callers: name the admin port with --admin, and its key in EBB_ADMIN_KEY')
    return { url, admin: { url: admin, key } }
  }
  const running = await findRunning(project)
  if (!running) throw new ConfigError('no Ebb runs here; start it with npm start, or name one with --url.')
  return { url: running.url, admin: { url: running.admin, key: running.adminKey } }
}

function countBy(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}
