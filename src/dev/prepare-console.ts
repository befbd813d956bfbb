import type { Report } from './report.ts'

/** Builds the console's page; until it is there the gateway says that it is being built. A failure is reported and stops nothing. */
export async function prepareConsole(folder: string, report: Report): Promise<void> {
  try {
    // Loaded when all else is ready: esbuild's start is nobody's to wait for.
    const { buildConsole } = await import('../build/build-console.ts')
    await buildConsole(folder)
  } catch (error) {
    report({ event: 'fault', part: 'console', message: `its page cannot be built: ${(error as Error).message}` })
  }
}
