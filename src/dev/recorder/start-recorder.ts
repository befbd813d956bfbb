import { inheritedEnv } from '../../kernel/index.ts'
import type { DataDir } from '../data-dir.ts'
import { type ExportEnv, exportEnv } from '../export-env.ts'
import { listenOnDemand } from '../listen-on-demand.ts'
import { createOnDemandProcess } from '../processes/on-demand-process.ts'
import type { Report } from '../report.ts'

interface RecorderOptions {
  readonly dataDir: Pick<DataDir, 'path' | 'run'>
  readonly adminKey: string
  readonly report: Report
}

/** The laptop's recorder of spans. */
interface LaptopRecorder {
  /** Of gateway, relay and functions: where they send their spans. */
  readonly exportEnv: ExportEnv
  /** Of the gateway: where it asks what is kept, and how much it traces. */
  readonly gatewayEnv: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** Enough for whoever looks at single requests; what a load test sends is not worth its time. */
const TRACES_PER_SECOND = '25'

/**
 * Opens the recorder's port. Its process starts with the first spans, has the lowest part of the processors, and is no part of any
 * request's way: who exports waits for nothing.
 */
export async function startRecorder({ dataDir, adminKey, report }: RecorderOptions): Promise<LaptopRecorder> {
  const child = createOnDemandProcess({
    ...{ part: 'recorder', module: 'src/dev/recorder/index', run: dataDir.run, report, isBackground: true },
    env: { EBB_HOME: dataDir.path, EBB_ADMIN_KEY: adminKey },
  })
  const { port, close } = await listenOnDemand(0, child.port)
  const url = `http://127.0.0.1:${port}`
  return {
    exportEnv: exportEnv(`${url}/v1/traces`),
    gatewayEnv: {
      EBB_TRACES_PER_SECOND: TRACES_PER_SECOND,
      ...inheritedEnv(['EBB_TRACES_PER_SECOND', 'EBB_TRACES_URL']),
      EBB_RECORDER_URL: url,
    },
    stop: async () => {
      await close()
      await child.stop()
    },
  }
}
