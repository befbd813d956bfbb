import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll } from '@jest/globals'
import { inheritedEnv } from 'ebb/kernel'
import { startRuntime } from './start-runtime.ts'

/** Public keys of a gateway and a relay that sign nothing here. */
export const JWKS = JSON.stringify({
  keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: 'gateway' }],
})

/** A function of this folder that runs where AWS Lambda's runtime interface is, for the tests of this block, with what it has logged. */
export function onLambda(name: string, env: Readonly<Record<string, string>>) {
  const started: { runtime?: Awaited<ReturnType<typeof startRuntime>>; stop?: () => void } = {}
  const log: Readonly<Record<string, unknown>>[] = []
  beforeAll(async () => {
    const runtime = await startRuntime()
    const child = spawn(process.execPath, [`test/lambda/functions/${name}/index.ts`], {
      env: {
        ...inheritedEnv(['PATH', 'HOME', 'TMPDIR']),
        ...{ PORT: '0', EBB_HOST: '127.0.0.1', EBB_PARENT: 'stdin', AWS_LAMBDA_RUNTIME_API: runtime.api },
        ...{ OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none', ...env },
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    createInterface({ input: child.stdout }).on('line', (line) => log.push(JSON.parse(line)))
    Object.assign(started, { runtime, stop: () => child.kill('SIGKILL') })
  })
  afterAll(() => {
    started.stop?.()
    started.runtime?.close()
  })
  const invoke = async (payload: object) => {
    if (!started.runtime) throw new Error('it has not been started')
    return started.runtime.invoke(payload)
  }
  return { invoke, log }
}
