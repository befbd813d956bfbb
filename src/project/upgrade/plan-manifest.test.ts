import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { readProjectDependencies } from '../packed-platform.ts'
import { planManifest } from './plan-manifest.ts'

const wanted = { dependencies: { zod: '4.2.0' }, devDependencies: { jest: '31.0.0' } }

describe('planManifest', () => {
  it('raises Ebb and what comes with it, and nothing else', () => {
    const manifest = {
      ...{ name: 'team', scripts: { start: 'ebb dev' } },
      dependencies: { ebb: '1.0.0', zod: '4.1.0', left: '1.0.0' },
      devDependencies: { jest: '^30.5.0' },
    }
    expect(planManifest(manifest, { dependency: '1.1.0', wanted })).toEqual({
      manifest: {
        ...{ name: 'team', scripts: { start: 'ebb dev' } },
        dependencies: { ebb: '1.1.0', zod: '4.2.0', left: '1.0.0' },
        devDependencies: { jest: '^31.0.0' },
      },
      sentences: [],
    })
  })

  it('adds nothing that the project does not have', () => {
    const manifest = { dependencies: { ebb: '1.0.0' } }
    expect(planManifest(manifest, { wanted }).manifest).toEqual(manifest)
  })

  it.each(['4.3.0', 'github:someone/zod', '*'])('leaves a version to a person that is newer, or none: %s', (zod) => {
    const manifest = { dependencies: { zod } }
    expect(planManifest(manifest, { wanted })).toEqual({
      manifest,
      sentences: [`zod is ${zod} here, and Ebb is tested with 4.2.0`],
    })
  })
})

describe('the versions of other packages that a project has', () => {
  it('are those of this repository', async () => {
    const { dependencies, devDependencies } = await readProjectDependencies('.')
    const versions = { ...dependencies, ...devDependencies }
    const own = JSON.parse(readFileSync('package.json', 'utf8'))
    const all = { ...own.dependencies, ...own.devDependencies }
    expect(versions).toEqual(Object.fromEntries(Object.keys(versions).map((name) => [name, all[name]])))
  })

  it('are none where a package does not say', async () => {
    expect(await readProjectDependencies('test')).toEqual({ dependencies: {}, devDependencies: {} })
  })
})
