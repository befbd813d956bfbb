import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { VERSION } from 'ebb/kernel'
import { parse } from 'yaml'
import { codemods } from '../../src/project/upgrade/codemods/index.ts'
import { compareVersions } from '../../src/project/versions.ts'
import { itWhere } from '../support/requirements.ts'
import { readReleases } from '../upgrade/releases.ts'

const readJson = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
const chart = parse(readFileSync('charts/ebb/Chart.yaml', 'utf8'))
const dockerfile = readFileSync('Dockerfile', 'utf8')
const releases = readReleases(readFileSync('CHANGELOG.md', 'utf8'))
const [newest, ...earlier] = releases

/** Where the version stands: a release changes all of them in one commit. */
const PLACES: Readonly<Record<string, unknown>> = {
  'package.json': readJson('package.json').version,
  'package-lock.json': readJson('package-lock.json').version,
  'package-lock.json, its first package': readJson('package-lock.json').packages[''].version,
  'src/kernel/version.ts': VERSION,
  'charts/ebb/Chart.yaml, version': chart.version,
  'charts/ebb/Chart.yaml, appVersion': chart.appVersion,
  'the label of images': /^ARG VERSION=(.+)\nLABEL [\s\S]*image\.version="\$\{VERSION\}"/m.exec(dockerfile)?.[1],
}

describe('the newest version of CHANGELOG.md', () => {
  it.each(Object.entries(PLACES))('is that of %s', (_place, version) => {
    expect(version).toBe(newest?.version)
  })

  it('is the last one that code is changed for', () => {
    expect(codemods.filter(({ version }) => compareVersions(version, VERSION) > 0)).toEqual([])
  })

  it('says what users have to do', () => {
    const [, section] = readFileSync('CHANGELOG.md', 'utf8').split(/^## /m)
    expect(section).toMatch(/^### Upgrading$/m)
  })

  it('comes after all others, which are in order', () => {
    const versions = releases.map(({ version }) => version)
    expect(versions).toEqual(versions.toSorted(compareVersions).reverse())
    expect(new Set(versions).size).toBe(versions.length)
  })
})

const git = (...args: readonly string[]) => execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' })

/** Why the history cannot be asked: a copy without it, or with its last commits only. */
function findMissingHistory(): string | undefined {
  try {
    return git('rev-parse', '--is-shallow-repository').trim() === 'true' ? 'the clone has no history' : undefined
  } catch {
    return 'this is no clone of the repository'
  }
}

describe('a release', () => {
  it('names its commit, and only the newest may have none yet', () => {
    expect(earlier.filter(({ commit }) => commit === undefined)).toEqual([])
  })

  itWhere(findMissingHistory())('is the version of package.json at that commit, which is part of this history', () => {
    for (const { version, commit } of releases) {
      if (commit === undefined) continue
      expect(git('merge-base', commit, 'HEAD').trim()).toBe(git('rev-parse', `${commit}^{commit}`).trim())
      expect([version, JSON.parse(git('show', `${commit}:package.json`)).version]).toEqual([version, version])
    }
  })
})
