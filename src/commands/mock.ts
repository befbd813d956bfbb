import { importContracts } from '../deploy/import-sources.ts'
import { type FaultInjectionOptions, parseFailure, parseLatency } from '../dev/mock/fault-injection.ts'
import { startMock } from '../dev/mock/start-mock.ts'
import { paint } from '../dev/paint.ts'
import { assertPortFree } from '../dev/ports.ts'
import { printable } from '../dev/report.ts'
import { ConfigError } from '../kernel/index.ts'
import { onInterrupt, printLine } from './command.ts'
import { type Form, form } from './form.ts'

export const mockCommand: readonly Form[] = [
  form({
    description:
      'Mock all endpoints from their contracts, without a function, until Ctrl-C. A request chooses with Prefer: example=NAME, or ' +
      'Ebb-Mock-Failure: CODE (in a browser Prefer: failure=CODE).',
    options: {
      port: { value: 'N', default: '4010', read: readPort, description: 'The port to listen on; 0 is any free one.' },
      seed: { value: 'TEXT', default: '1', description: 'Another seed makes other values, the same in each run.' },
      fail: {
        value: 'STATUS:RATE',
        read: parseFailure,
        description: 'Fail this share of the requests, such as 503:0.2.',
      },
      latency: {
        value: 'MS[-MS]',
        read: parseLatency,
        description: 'Answer this late, or by a random time in this range, such as 100-400.',
      },
      json: { description: 'Print the address and each request as a line of JSON, for scripts.' },
    },
    examples: ['mock', 'mock --port 4010 --fail 503:0.2 --latency 100-400'],
    run: (project, { fail, ...options }) => runMock(project, { ...options, failing: fail }),
  }),
]

interface MockOptions extends FaultInjectionOptions {
  readonly port: number
  readonly seed: string
  readonly json: boolean
}

async function runMock(project: string, { port, seed, json, failing, latency }: MockOptions) {
  await assertPortFree('--port', port)
  const running = await startMock(await importContracts(project), {
    ...{ port, seed, failing, latency, onRequest: json ? printRequest : printText },
  })
  const { url, endpoints } = running
  if (json) printLine(JSON.stringify({ event: 'ready', url, endpoints, seed }))
  else printLine(`${endpoints} endpoints are mocked at ${url} (seed ${seed}); any key is accepted. Ctrl-C ends it.`)
  await new Promise(onInterrupt)
  await running.stop()
}

function readPort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new ConfigError('--port must be from 0 to 65535; 0 is any free one')
  return port
}

const printRequest = (line: Readonly<Record<string, unknown>>) =>
  printLine(JSON.stringify({ event: 'request', ...line }))

function printText({ method, path, status, durationMs, function: name }: Readonly<Record<string, unknown>>) {
  printLine(`${status}  ${method} ${printable(String(path))} ${paint('dim', `${durationMs} ms  ${name ?? ''}`)}`)
}
