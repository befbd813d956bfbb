import { parseArgs, styleText } from 'node:util'
import { importContracts } from '../deploy/import-sources.ts'
import { parseFailure, parseLatency } from '../dev/mock/fault-injection.ts'
import { startMock } from '../dev/mock/start-mock.ts'
import { assertPortFree } from '../dev/ports.ts'
import { printable } from '../dev/report.ts'
import { ConfigError } from '../kernel/index.ts'
import { type Command, flag, onInterrupt, printLine, text, usageError } from './command.ts'

const OPTIONS = {
  ...{ port: { ...text, default: '4010' }, seed: { ...text, default: '1' }, fail: text, latency: text },
  json: flag,
} as const

export const mockCommand: Command = {
  usage: ['mock [--port N] [--seed N] [--fail STATUS:RATE] [--latency MS[-MS]] [--json]'],
  description:
    'mock all endpoints from their contracts, without a function; requests choose with Prefer: example=NAME, or ' +
    'Ebb-Mock-Failure: CODE (in a browser Prefer: failure=CODE)',
  run: async (project, args) => {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    if (positionals.length > 0) throw usageError(mockCommand)
    const { seed, fail, latency, json } = values
    const port = toPort(values.port)
    await assertPortFree('--port', port)
    const running = await startMock(await importContracts(project), {
      ...{ port, seed, onRequest: json ? printJson : printText },
      failing: fail === undefined ? undefined : parseFailure(fail),
      latency: latency === undefined ? undefined : parseLatency(latency),
    })
    const { url, endpoints } = running
    if (json) printLine(JSON.stringify({ event: 'ready', url, endpoints, seed }))
    else printLine(`${endpoints} endpoints are mocked at ${url} (seed ${seed}); any key is accepted. Ctrl-C ends it.`)
    await new Promise(onInterrupt)
    await running.stop()
  },
}

function toPort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new ConfigError('--port must be from 0 to 65535; 0 is any free one')
  return port
}

const printJson = (line: Readonly<Record<string, unknown>>) => printLine(JSON.stringify({ event: 'request', ...line }))

function printText({ method, path, status, durationMs, function: name }: Readonly<Record<string, unknown>>) {
  printLine(`${status}  ${method} ${printable(String(path))} ${styleText('dim', `${durationMs} ms  ${name ?? ''}`)}`)
}
