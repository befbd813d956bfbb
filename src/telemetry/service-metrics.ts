import { Gauge, type Registry } from 'prom-client'
import { readReloads, VERSION } from '../kernel/index.ts'

/** The metrics that every service has: which build runs, and how settings in files were read again. */
export function registerServiceMetrics(registers: Registry[], { revision }: { readonly revision: string }): void {
  const build = new Gauge({
    name: 'ebb_build_info',
    help: 'Always 1: the version of Ebb and the revision of the image that run',
    labelNames: ['version', 'revision'],
    registers,
  })
  build.set({ version: VERSION, revision }, 1)
  new Gauge({
    name: 'ebb_setting_reloaded_timestamp_seconds',
    help: 'When a setting or secret was last read again from its file and taken into use',
    labelNames: ['setting'],
    registers,
    collect() {
      for (const [setting, { at }] of readReloads()) if (at !== undefined) this.set({ setting }, at / 1_000)
    },
  })
  new Gauge({
    name: 'ebb_setting_reload_failures',
    help: 'How often since the start the file of a setting held what cannot be used, or could not be read',
    labelNames: ['setting'],
    registers,
    collect() {
      for (const [setting, { failures }] of readReloads()) this.set({ setting }, failures)
    },
  })
}
