import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { Ajv } from 'ajv'
import { parse, parseAllDocuments } from 'yaml'
import { pipelineFile } from '../../src/project/pipeline/pipeline-files.ts'
import { blocksOf } from '../docs/page-blocks.ts'

interface Document {
  /** GitLab's has none. */
  readonly kind?: string
  readonly [part: string]: unknown
}

const textOf = (files: Readonly<Record<string, string>>) => Object.values(files).join('')
const documentsOf = (text: string): readonly Document[] => parseAllDocuments(text).map((document) => document.toJS())
const kindOf = ({ kind = 'Pipeline' }: Document) => kind
const blockOf = (file: string) =>
  blocksOf('docs/guide/58-pipelines.md').find((block) => block.file === file)?.text ?? ''

/** What is read by each tool, and changes that its own schema has to refuse: in which kind, at which place, and to what. */
const READ_BY: Readonly<
  Record<string, { readonly documents: readonly Document[]; readonly faults: readonly Fault[] }>
> = {
  'gitlab-ci': {
    documents: [parse(textOf(pipelineFile('gitlab')))],
    faults: [
      ['Pipeline', ['build', 'scirpt'], ['true']],
      ['Pipeline', ['build', 'rules', 0, 'when'], 'sometimes'],
      ['Pipeline', ['staging', 'environment', 'action'], 'begin'],
      ['Pipeline', ['production', 'id_tokens', 'KUBE_TOKEN'], { audience: 'x' }],
    ],
  },
  'tekton-v1': {
    documents: documentsOf(textOf(pipelineFile('tekton'))),
    faults: [
      ['Pipeline', ['spec', 'tasks', 0, 'runAftr'], ['clone']],
      ['Pipeline', ['spec', 'tasks', 1, 'timeout'], 45],
      ['Pipeline', ['spec', 'tasks', 1, 'taskSpec', 'steps', 0, 'scirpt'], 'true'],
      ['Pipeline', ['spec', 'tasks', 1, 'taskSpec', 'steps', 0, 'env', 0, 'value'], 1],
    ],
  },
  'argo-cd': {
    documents: documentsOf(blockOf('argo-cd.yaml')),
    faults: [
      ['Application', ['spec', 'source', 'helm', 'valuesFiles'], ['a.yaml']],
      ['Application', ['spec', 'syncPolicy', 'automated', 'prune'], 'yes'],
      ['Application', ['spec', 'project'], undefined],
    ],
  },
  flux: {
    documents: documentsOf(blockOf('flux.yaml')),
    faults: [
      ['GitRepository', ['spec', 'interval'], 'a minute'],
      ['GitRepository', ['spec', 'branch'], 'main'],
      ['HelmRelease', ['spec', 'chart', 'spec', 'reconcileStrategy'], 'Always'],
      ['HelmRelease', ['spec', 'healthCheckExprs', 0, 'current'], undefined],
      ['HelmRelease', ['spec', 'chart', 'spec', 'valueFiles'], ['a.yaml']],
    ],
  },
}

type Place = readonly (string | number)[]
type Fault = readonly [kind: string, place: Place, value: unknown]

describe.each(Object.entries(READ_BY))('the schema of %s', (tool, { documents, faults }) => {
  const schemas = JSON.parse(readFileSync(`test/render/schemas/${tool}.json`, 'utf8'))
  const ajv = new Ajv({ strict: false, validateFormats: false, schemas })
  const faultsOf = (document: Document) => {
    ajv.validate(kindOf(document), document)
    return ajv.errors ?? []
  }

  it('allows what we write', () => {
    expect([...new Set(documents.map(kindOf))].sort()).toEqual([...new Set(faults.map(([kind]) => kind))].sort())
    for (const document of documents) expect(faultsOf(document)).toEqual([])
  })

  it.each(faults)('refuses a %s with a fault at %j', (kind, place, value) => {
    const changed = structuredClone(documents.find((document) => kindOf(document) === kind) ?? {})
    set(changed, place, value)
    expect(faultsOf(changed)).not.toEqual([])
  })
})

function set(within: unknown, [key = '', ...rest]: Place, value: unknown): void {
  // What a place leads through is an object or an array.
  const at = within as Record<string | number, unknown>
  if (rest.length > 0) set(at[key], rest, value)
  else if (value === undefined) delete at[key]
  else at[key] = value
}
