import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Subject } from './subject.ts'

export const BARE = 'bare node:http'
export const FUNCTIONS_FRAMEWORK = 'functions-framework'

const FOLDER = resolve(import.meta.dirname, '../peers')
const INSTALL_TIMEOUT_MS = 300_000

/** What Ebb is measured against, each started as its documentation says; installs them where they are absent. */
export async function peerSubjects(): Promise<readonly Subject[]> {
  // What npm writes last.
  if (!existsSync(join(FOLDER, 'node_modules/.package-lock.json'))) await install()
  return [
    peer(BARE, ['bare.cjs']),
    peer('express', ['express.cjs']),
    peer('fastify', ['fastify.cjs']),
    peer(FUNCTIONS_FRAMEWORK, [
      'node_modules/@google-cloud/functions-framework/build/src/main.js',
      '--source=functions-framework.js',
      '--target=sayHello',
    ]),
    {
      ...peer('faas-js-runtime', ['node_modules/faas-js-runtime/bin/cli.js', 'faas.cjs'], { path: '/' }),
      portVariable: 'FUNC_PORT',
    },
    peer('express, traced', ['--require', '@opentelemetry/auto-instrumentations-node/register', 'express.cjs'], {
      env: {
        OTEL_TRACES_EXPORTER: 'otlp',
        // As its documentation has it; all of them would ask the clouds' metadata servers, which are not here.
        OTEL_NODE_RESOURCE_DETECTORS: 'host,os,serviceinstance,env',
      },
    }),
  ]
}

const peer = (name: string, args: readonly string[], { path = '/v1/say-hello', env = {} } = {}): Subject => ({
  name,
  args,
  cwd: FOLDER,
  env,
  request: () => ({ method: 'GET', path, headers: {} }),
  expectStatus: 200,
})

async function install() {
  console.log('Installing the peers into bench/peers/node_modules')
  await promisify(execFile)('npm', ['ci', '--ignore-scripts'], { cwd: FOLDER, timeout: INSTALL_TIMEOUT_MS })
}
