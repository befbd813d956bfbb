import { ConfigError } from '../kernel/index.ts'
import type { AdminOutput } from '../protocol/admin/admin-endpoint.ts'
import { LogLevel, setLogLevel, showLogLevel } from '../protocol/admin/gateway.ts'
import { ADMIN_OPTIONS, callAdmin, printResult } from './admin-client.ts'
import { type Form, form } from './form.ts'

export const logLevelCommand: readonly Form[] = [
  form({
    word: 'show',
    description: 'Print from which level on the gateway logs.',
    options: ADMIN_OPTIONS,
    examples: ['log-level show'],
    run: async (project, options) => printResult(await callAdmin(project, showLogLevel, {}, options), toLines, options),
  }),
  form({
    word: 'set',
    description: 'Set the level of all gateways while they run, for some time or until they end.',
    arguments: {
      level: { value: 'LEVEL', required: true, choices: LogLevel.options, description: 'From which level on to log.' },
    },
    options: {
      for: { value: 'SECONDS', read: readSeconds, description: 'Then it is what LOG_LEVEL says. Default: it stays.' },
      ...ADMIN_OPTIONS,
    },
    examples: ['log-level set debug --for 600'],
    run: async (project, { level, for: forSeconds, ...options }) =>
      printResult(await callAdmin(project, setLogLevel, { body: { level, forSeconds } }, options), toLines, options),
  }),
]

function readSeconds(text: string): number {
  const seconds = Number(text)
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 86_400)
    throw new ConfigError('--for must be seconds from 1 to 86400')
  return seconds
}

const toLines = ({ level, setting, until }: AdminOutput<typeof showLogLevel>) => [
  until === null ? level : `${level} until ${until}, then ${setting}`,
]
