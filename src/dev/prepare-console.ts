import { join } from 'node:path'
import type { KeptBundles } from './kept-bundles.ts'
import type { Report } from './report.ts'

interface PrepareConsoleOptions {
  readonly folder: string
  readonly kept: KeptBundles
  readonly report: Report
}

/** Builds the console's page where it is not as it was; until it is there the gateway says that it is being built. A failure is reported and stops nothing. */
export async function prepareConsole({ folder, kept, report }: PrepareConsoleOptions): Promise<void> {
  try {
    // Loaded when all else is ready: it is nobody's to wait for.
    const { buildConsole, OPERATIONS } = await import('../build/build-console.ts')
    if (kept.find('console', OPERATIONS)) return
    const startedAt = Date.now()
    const inputs = await buildConsole(folder)
    const file = join(folder, 'index.html')
    kept.keep('console', { bundle: { file, revision: '', inputs }, key: OPERATIONS, files: [file], startedAt })
  } catch (error) {
    report({ event: 'fault', part: 'console', message: `its page cannot be built: ${(error as Error).message}` })
  }
}
