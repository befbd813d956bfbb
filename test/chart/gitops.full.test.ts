import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { parseAllDocuments } from 'yaml'
import { blocksOf } from '../docs/page-blocks.ts'
import { CHART, describeChart, helm, KNATIVE, type Manifest } from './helm.ts'
import { existingSecrets } from './pods.ts'

const blocks = blocksOf('docs/guide/58-pipelines.md')
const specOf = (file: string, kind: string) =>
  parseAllDocuments(blocks.find((block) => block.file === file)?.text ?? '')
    .map((document) => document.toJS())
    .find((document) => document.kind === kind)?.spec

const DIGEST = `sha256:${'a1'.repeat(32)}`
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-gitops-'))
  const images = { image: { registry: 'r.example', digest: { gateway: DIGEST, 'get-user': DIGEST } } }
  await writeFile(join(folder, 'images.json'), JSON.stringify(images))
})
afterAll(() => rm(folder, { recursive: true }))

/** What the chart makes of files of the repository, as a controller reads them from its root. */
async function render(files: readonly string[]): Promise<string> {
  const named = files.map((file) => (file === 'images.json' ? join(folder, file) : file))
  const words = ['template', 'ebb', CHART, '--api-versions', KNATIVE, ...named.flatMap((file) => ['--values', file])]
  const secrets = { generateSecrets: 'auto', ...existingSecrets, functionSecrets: { existingSecret: 'mine' } }
  const { code, stdout, stderr } = await helm(words, secrets)
  if (code !== 0) throw new Error(stderr)
  return stdout
}

const FILES = {
  'argo-cd.yaml': () =>
    specOf('argo-cd.yaml', 'Application').source.helm.valueFiles.map((file: string) => join(CHART, file)),
  'flux.yaml': () => specOf('flux.yaml', 'HelmRelease').chart.spec.valuesFiles,
}

describeChart('what the guide has for GitOps', () => {
  it.each(Object.entries(FILES))(
    '%s names files of which the chart makes the images of the pipeline, each time the same',
    async (_, files) => {
      const [once, twice] = [await render(files()), await render(files())]
      expect(once).toContain(`r.example/ebb/get-user@${DIGEST}`)
      expect(twice).toBe(once)
    },
  )

  it('has the migration before what needs it, and waits for Knative Services', async () => {
    const manifests = parseAllDocuments(await render(FILES['argo-cd.yaml']())).flatMap(
      (one): Manifest[] => one.toJS() ?? [],
    )
    const wave = ({ metadata }: Manifest) => metadata.annotations?.['argocd.argoproj.io/sync-wave']
    expect(manifests.filter(({ kind }) => kind === 'Job').map(wave)).toEqual([undefined])
    const services = manifests.filter(({ apiVersion }) => apiVersion === KNATIVE)
    expect(new Set(services.map(wave))).toEqual(new Set(['1']))
    const [expressions] = specOf('flux.yaml', 'HelmRelease').healthCheckExprs
    expect(expressions).toMatchObject({ apiVersion: KNATIVE, kind: services[0]?.kind })
  })
})
