import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { bundleFunction, type FunctionBundle } from '../../src/build/bundle-function.ts'
import { SHARED } from '../../src/build/lazy-parts.ts'
import { findBundledPackages } from '../../src/build/packages.ts'
import { TEST_PROJECT } from '../support/project.ts'

interface Budget {
  readonly mostKib: number
  /** The packages that it may be made of, but for the one that it is named after. */
  readonly packages: readonly string[]
}

const START = 'start.cjs'
const OTLP_BASE = '@opentelemetry/otlp-exporter-base'

/** Every file of a function, and the most that it may weigh: a tenth above what it weighed in November 2026. */
const FILES: Readonly<Record<string, Budget>> = {
  [START]: { mostKib: 3.1, packages: [] },
  // What every cold start loads.
  main: {
    mostKib: 425,
    packages: [
      ...[
        '@opentelemetry/api',
        '@opentelemetry/context-async-hooks',
        '@opentelemetry/core',
        '@opentelemetry/resources',
      ],
      ...['@opentelemetry/sdk-trace', '@opentelemetry/semantic-conventions', 'accepts', 'content-disposition'],
      ...['content-type', 'cookie', 'cookie-signature', 'ee-first', 'encodeurl', 'escape-html', 'etag', 'express'],
      ...['finalhandler', 'forwarded', 'fresh', 'http-errors', 'inherits', 'ipaddr.js', 'is-promise', 'jose'],
      ...['media-typer', 'merge-descriptors', 'negotiator', 'on-finished', 'once', 'parseurl', 'path-to-regexp'],
      ...['proxy-addr', 'range-parser', 'router', 'setprototypeof', 'statuses', 'toidentifier', 'type-is', 'vary'],
      ...['wrappy', 'zod'],
    ],
  },
  pg: {
    mostKib: 94,
    packages: [
      ...['pg-cloudflare', 'pg-connection-string', 'pg-int8', 'pg-pool', 'pg-protocol', 'pg-types', 'pgpass'],
      ...['postgres-array', 'postgres-bytea', 'postgres-date', 'postgres-interval', 'split2', 'xtend'],
    ],
  },
  pino: {
    mostKib: 68,
    packages: [
      ...['@pinojs/redact', 'atomic-sleep', 'on-exit-leak-free', 'pino-std-serializers', 'quick-format-unescaped'],
      ...['safe-stable-stringify', 'sonic-boom', 'thread-stream'],
    ],
  },
  nodemailer: { mostKib: 301, packages: [] },
  casbin: {
    mostKib: 150,
    packages: [
      ...[
        '@casbin/expression-eval',
        'await-lock',
        'balanced-match',
        'brace-expansion',
        'csv-parse',
        'jsep',
        'minimatch',
      ],
    ],
  },
  'ebb/http/lambda': { mostKib: 10, packages: [] },
  'ebb/http/issuers': { mostKib: 140, packages: ['jose', 'zod'] },
  '@opentelemetry/sdk-metrics': { mostKib: 60, packages: [] },
  '@opentelemetry/otlp-transformer': { mostKib: 32, packages: [] },
  [`${OTLP_BASE}/node-http`]: { mostKib: 21, packages: [] },
  '@opentelemetry/exporter-trace-otlp-http': { mostKib: 9, packages: [OTLP_BASE] },
  '@opentelemetry/exporter-metrics-otlp-proto': { mostKib: 2, packages: [] },
  '@opentelemetry/exporter-metrics-otlp-http': { mostKib: 12, packages: [OTLP_BASE] },
  'ebb:profile': { mostKib: 4, packages: [] },
  '@opentelemetry/exporter-prometheus': { mostKib: 99, packages: ['@opentelemetry/semantic-conventions'] },
}

/** The files that only these have; all others are everybody's. */
const OF_ONE: Readonly<Record<string, string>> = { nodemailer: 'send-welcome-email', casbin: 'cancel-order' }

/** The packages that are in more than one file: constants, and what no class of goes from one file to another. */
const IN_SEVERAL = ['@opentelemetry/semantic-conventions', OTLP_BASE, 'jose', 'zod']

const FUNCTION_LAYERS = /^(functions|domain|src\/(contract|data|http|kernel|protocol|start|telemetry))\//
/** What the build itself puts in the place of modules. */
const STAND_INS = /^((lazy|omitted|shared):|main\.ts$|<stdin>$)/

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-budget-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(['place-order', 'list-products', 'send-welcome-email', 'cancel-order'])('%s', (name) => {
  const listed = Object.keys(FILES).filter((file) => (OF_ONE[file] ?? name) === name)
  let parts: FunctionBundle['parts']
  beforeAll(async () => {
    const bundle = await bundleFunction(TEST_PROJECT, name, join(folder, name), { start: START })
    parts = bundle.parts
  })
  const filesIn = (part: string) =>
    [...(parts[part]?.bytesOf ?? [])].flatMap(([file, bytes]) => (bytes > 0 ? file : []))

  it('is the files that are listed, with a source map each, and none else', async () => {
    expect([START, ...Object.keys(parts)].sort()).toEqual([...listed].sort())
    const written = Object.values(parts).map(({ file }) => basename(file))
    expect((await readdir(join(folder, name))).sort()).toEqual(
      [START, ...written, ...written.map((file) => `${file}.map`)].sort(),
    )
  })

  it('weighs no more than it may', async () => {
    const tooHeavy: string[] = []
    for (const part of listed) {
      const { size } = await stat(parts[part]?.file ?? join(folder, name, part))
      const most = FILES[part]?.mostKib ?? 0
      if (size > most * 1_024) tooHeavy.push(`${part}: ${(size / 1_024).toFixed(1)} KiB, and at most ${most}`)
    }
    expect(tooHeavy).toEqual([])
  })

  it('is made of the packages that are listed, and none else', () => {
    const found = Object.entries(parts).map(([part, made]) => [
      part,
      findBundledPackages(made)
        .map((one) => one.name)
        .sort(),
    ])
    const named = Object.keys(parts).map((part) => {
      const { packages = [] } = FILES[part] ?? {}
      return [
        part,
        [...packages, ...(part === 'main' || /^ebb[/:]/.test(part) ? [] : [part.replace('/node-http', '')])].sort(),
      ]
    })
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(named))
  })

  it('has no package in two versions or copies, and in two files only what is listed', () => {
    const found = Object.values(parts).flatMap(findBundledPackages)
    const byName = Object.entries(Object.groupBy(found, (one) => one.name)).map(([one, places = []]) => ({
      ...{ one, files: places.length },
      copies: new Set(places.map(({ folder, version }) => `${folder} ${version}`)),
    }))
    expect(byName.filter(({ copies }) => copies.size > 1)).toEqual([])
    const several = byName.filter(({ files }) => files > 1).map(({ one }) => one)
    expect(several.sort()).toEqual([...IN_SEVERAL].sort())
  })

  it.each(SHARED)('has %s once', (shared) => {
    const holders = Object.keys(parts).filter((part) =>
      findBundledPackages(parts[part]!).some((each) => each.name === shared),
    )
    expect(holders).toEqual(['main'])
  })

  it('has of this checkout only the layers of a function', () => {
    const own = Object.keys(parts)
      .flatMap(filesIn)
      .filter((file) => !file.includes('/node_modules/'))
      .map((file) => relative('.', file).replace('test/project/', ''))
    expect(own).toContain(`functions/${name}/handler.ts`)
    const strange = own.filter((file) => !STAND_INS.test(file) && !FUNCTION_LAYERS.test(file))
    const others = own.filter((file) => file.startsWith('functions/') && !file.startsWith(`functions/${name}/`))
    const notForImages = own.filter((file) => /\.test\.ts$|test-support|^src\/http\/gateway\//.test(file))
    expect([...strange, ...others, ...notForImages]).toEqual([])
  })

  it('has nothing of what checks contracts: they were checked before there was a bundle', async () => {
    const code = await Promise.all(
      listed.map((part) => readFile(parts[part]?.file ?? join(folder, name, part), 'utf8')),
    )
    const messages = (
      await sentencesOf(['check-endpoint', 'check-subscriber', 'check-common', 'check-deployment'])
    ).filter((sentence) => code.join('').includes(sentence))
    expect(messages).toEqual([])
  })
})

/** The messages of a source: its literals of several words. */
async function sentencesOf(names: readonly string[]): Promise<readonly string[]> {
  const sources = await Promise.all(names.map((name) => readFile(`src/contract/${name}.ts`, 'utf8')))
  const literals = sources.flatMap((source) => [...source.matchAll(/'([^'\n]{20,})'|`([^`$\n]{15,})/g)])
  const sentences = literals.map(([, plain, template]) => plain ?? template ?? '').filter((text) => text.includes(' '))
  expect(sentences.length).toBeGreaterThan(30)
  return sentences
}
