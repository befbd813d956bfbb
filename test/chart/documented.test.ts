import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createIdentitySigner, createIdentityVerifier } from 'ebb/protocol'
import { parse } from 'yaml'
import { startCluster } from './cluster.ts'
import { CHART, describeChart, ofKind, renderChart, type Values } from './helm.ts'
import { helmRenders } from './helm-renders.ts'

/** Those of the guide are run by test/docs/guide.full.test.ts, in a project. */
const FILES = ['README.md', `${CHART}/README.md`, `${CHART}/values-small.yaml`]
/** What a release is needed for: `npm run e2e:cluster` runs these. */
const OF_A_RELEASE = ['test', 'uninstall']
const texts = await Promise.all(FILES.map((file) => readFile(file, 'utf8')))

/** Each command that a reader may paste, a line each, of the fenced blocks and the comments of values files. */
const commands = texts.flatMap((text) => {
  const fenced = [...text.matchAll(/^```(?:sh|console)\n(.*?)^```/gms)].map(([, block = '']) => block)
  const comments = [...text.matchAll(/^# {3}(helm .*)$/gm)].map(([, line = '']) => line)
  return [...fenced, ...comments].join('\n').replaceAll('\\\n', ' ').split('\n')
})
const ofHelm = commands.map((line) => line.replace(/^\$ /, '')).filter((line) => line.startsWith('helm '))
const readme = texts[1] ?? ''
const blocks = [...readme.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, block = '']) => parse(block))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-documented-'))
})
afterAll(() => rm(folder, { recursive: true }))

describeChart('a command that is written down', () => {
  it('is found here', () => expect(ofHelm.length).toBeGreaterThan(4))

  it.each(ofHelm)('is good: %s', async (command) => {
    const [, verb = ''] = command.split(' ')
    if (OF_A_RELEASE.includes(verb)) return
    expect(await helmRenders(command)).toContain('kind: Deployment')
  })
})

describeChart('the chart`s README', () => {
  const byKind = (kind: string) => blocks.find((block) => block.kind === kind)?.spec

  it('has values for Argo CD with which nothing is made up', async () => {
    const { valuesObject } = byKind('Application').source.helm
    const manifests = await renderChart({ generateSecrets: 'auto', ...(valuesObject as Values) })
    expect(ofKind(manifests, 'Secret')).toEqual([])
  })

  it('has values for Flux, which the chart takes on a cluster', async () => {
    await using cluster = await startCluster([])
    const manifests = await renderChart(byKind('HelmRelease').values, cluster)
    expect(ofKind(manifests, 'Secret').length).toBeGreaterThan(4)
  })

  it('makes identity keys by which gateway and functions understand each other', async () => {
    const [, script = ''] = /^node --eval '(.*?)'$/ms.exec(readme) ?? []
    await promisify(execFile)(process.execPath, ['--eval', script], { cwd: folder })
    const read = async (file: string) => JSON.parse(await readFile(join(folder, file), 'utf8'))
    const verify = createIdentityVerifier(await read('public.jwks'), 'place-order')
    for (const [file, iss] of [
      ['gateway.jwk', 'ebb:gateway'],
      ['relay.jwk', 'ebb:relay'],
    ] as const) {
      const sign = createIdentitySigner(await read(file), iss)
      expect(await verify(await sign({ sub: 'ada', scopes: [] }, 'place-order'))).toMatchObject({ sub: 'ada', iss })
    }
  })

  it('names the keys of each Secret that the chart would make', async () => {
    const table = [...readme.matchAll(/^\| `([\w.]+\.existingSecret)` +\|(.*)\|$/gm)]
    const keys = new Map(table.map(([, value = '', says = '']) => [value, says]))
    const manifests = await renderChart({ postgres: { pooler: 'external', poolerAddress: 'pgbouncer:6432' } })
    for (const { metadata, data = {} } of ofKind(manifests, 'Secret')) {
      const purpose = metadata.name.replace('ebb-', '').replace('-', '.').replace('superuser', 'bundled')
      for (const key of Object.keys(data).filter((key) => !(purpose === 'redis' && key === 'password'))) {
        if (purpose === 'postgres.bundled' && key === 'username') continue
        expect([purpose, keys.get(`${purpose}.existingSecret`)]).toEqual([
          purpose,
          expect.stringContaining(`\`${key}\``),
        ])
      }
    }
  })
})
