import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import * as z from 'zod'
import { render } from '../../src/deploy/render/index.ts'
import { fixture, OPTIONS, SERVICES } from './fixture.ts'

const schema = z.fromJSONSchema(JSON.parse(readFileSync('test/render/schemas/skaffold-v4beta14.json', 'utf8')))
const config = parse(render(fixture, OPTIONS)['skaffold.yaml'] ?? '')

describe('skaffold.yaml', () => {
  it("is what Skaffold's own schema allows", () => {
    expect(schema.safeParse(config).error).toBeUndefined()
    expect(config.apiVersion).toBe('skaffold/v4beta14')
  })

  it('builds each function and service, with its name as the argument', () => {
    const built = config.build.artifacts.map(({ image, custom }: Artifact) => [
      image,
      custom.buildCommand.match(/FUNCTION=(\S+)/)?.[1],
    ])
    const names = ['get-report', 'make-report', 'send-report', ...SERVICES]
    expect(built).toEqual(names.map((name) => [`dev.local/ebb/${name}`, name]))
  })

  it('builds no function again for the handler of another', () => {
    const ignoredBy = ({ custom }: Artifact) => custom.dependencies.ignore.at(-1)
    expect(config.build.artifacts.slice(0, 4).map(ignoredBy)).toEqual([
      'functions/{make-report,send-report}/{handler,index}.ts',
      'functions/{get-report,send-report}/{handler,index}.ts',
      'functions/{get-report,make-report}/{handler,index}.ts',
      'functions/{get-report,make-report,send-report}/{handler,index}.ts',
    ])
  })

  it('builds again for whatever Docker is given', () => {
    const [paths] = config.build.artifacts[0].custom.dependencies.paths
    const given =
      readFileSync('.dockerignore', 'utf8')
        .match(/^!.+/gm)
        ?.map((line) => line.slice(1)) ?? []
    expect(paths.slice(1, -1).split(',').sort()).toEqual([...given, 'Dockerfile', '.dockerignore'].sort())
  })
})

interface Artifact {
  readonly image: string
  readonly custom: { readonly buildCommand: string; readonly dependencies: { readonly ignore: readonly string[] } }
}

describe('the schema sees', () => {
  it.each<[string, object]>([
    ['a misspelt part', { buld: {} }],
    ['a misspelt builder', { build: { artifacts: [{ image: 'a', dockr: {} }] } }],
    ['an artifact without an image', { build: { artifacts: [{ docker: {} }] } }],
    ['a number for a text', { build: { artifacts: [{ image: 'a', docker: { dockerfile: 1 } }] } }],
    ['a misspelt hook', { deploy: { kubectl: { hooks: { before: [{ hst: {} }] } } } }],
  ])('%s', (_, parts) => {
    expect(schema.safeParse({ ...config, ...parts }).success).toBe(false)
  })
})
