import { type Config, liveSetting, processConfig } from './config.ts'
import { ConfigError } from './config-error.ts'
import { createLog, type ServiceLog } from './log.ts'

/**
 * Runs a service with the settings and the log of this process. Where `start` rejects, the reason goes to stderr (a
 * ConfigError as its sentence, anything else with its stack) and the process exits with status 1.
 */
export function runService(name: string, start: (config: Config, log: ServiceLog) => Promise<void>): void {
  run(name, start).catch((error) => {
    const text = error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : error
    process.stderr.write(`${name}: ${text}\n`)
    process.exit(1)
  })
}

async function run(name: string, start: (config: Config, log: ServiceLog) => Promise<void>): Promise<void> {
  const config = processConfig()
  const log = createLog({ level: config.LOG_LEVEL, service: name, revision: config.EBB_REVISION })
  liveSetting(config, 'LOG_LEVEL', log).onChange((level) => Object.assign(log, { level }))
  await start(config, log)
}
