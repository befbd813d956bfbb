import { type Config, isSecretSetting, redactSecrets, sourceOf, VERSION } from 'ebb/kernel'
import type { ContractsStatus } from 'ebb/protocol'
import { SETTINGS } from '../../../src/kernel/settings.ts'
import { listGateways, listSettings } from '../../../src/protocol/admin/settings.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface SettingsOptions {
  readonly config: Config
  /** The name of this gateway. */
  readonly gateway: string
  readonly contractsStatus: () => ContractsStatus
}

export const settingsOperations = ({
  config,
  gateway,
  contractsStatus,
}: SettingsOptions): readonly AdminOperation[] => [
  operation(listSettings, () => ({ gateway, settings: describeSettings(config) })),
  operation(listGateways, () => {
    const { file, loadedAt } = contractsStatus()
    const startedAt = new Date(performance.timeOrigin).toISOString()
    const versions = { version: VERSION, revision: config.EBB_REVISION }
    return { gateways: [{ name: gateway, ...versions, startedAt, contracts: file, contractsLoadedAt: loadedAt }] }
  }),
]

function describeSettings(config: Config) {
  // Object.keys of SETTINGS are the names of a Config.
  const names = Object.keys(SETTINGS) as (keyof Config)[]
  return names.map((name) => {
    const secret = isSecretSetting(name)
    const value = config[name]
    const text = value === undefined ? null : secret ? hide(value) : redactSecrets(textOf(value))
    return { name, value: text, from: sourceOf(config, name), secret, live: SETTINGS[name].length > 2 }
  })
}

const HIDDEN = '[redacted]'

/** Of a URL, where it leads. */
function hide(value: unknown): string {
  const url = typeof value === 'string' ? URL.parse(value) : null
  return url?.host ? `${url.protocol}//${HIDDEN}@${url.host}${url.pathname}` : HIDDEN
}

const textOf = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value))
