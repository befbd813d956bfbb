import { execFileSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { functionFiles } from '../../../test/support/checkout.ts'
import { readPlatformManifest } from '../../deploy/platform-files.ts'
import { HEADER } from '../../deploy/render/index.ts'
import { describeVersionGap, readRenderedVersion } from '../rendered-version.ts'
import { writeFiles } from '../test-support.ts'
import { applyUpgrade } from './apply.ts'

const { version } = readPlatformManifest()
const OLD = '0.0.1'
let project: string
const lines: string[] = []
const print = (line: string) => void lines.push(line)
beforeEach(async () => {
  lines.splice(0)
  project = await mkdtemp(join(tmpdir(), 'ebb apply '))
  execFileSync('git', ['init', '--quiet'], { cwd: project })
  execFileSync('ln', ['-s', resolve('node_modules'), join(project, 'node_modules')])
  await writeFiles(project, {
    ...{ 'package.json': '{ "type": "module" }\n', '.gitignore': 'node_modules\n.ebb/\n' },
    ...{ 'charts/ebb/Chart.yaml': `version: ${OLD}\n`, 'charts/ebb/templates/gone.yaml': 'old: {}\n' },
    ...{ 'k8s/base/gone.yaml': `${HEADER}\n`, 'gone.yml': `${HEADER}\n`, 'k8s/mine.yaml': '# mine\n' },
  })
})
afterEach(() => rm(project, { recursive: true, force: true }))
const has = (name: string) => existsSync(join(project, name))

describe('what the new version does in an upgrade', () => {
  it('renders anew: what it does not render any more goes, and what it has not rendered stays', async () => {
    await applyUpgrade(project, OLD, print)
    expect(['charts/ebb/templates/gone.yaml', 'k8s/base/gone.yaml', 'gone.yml'].filter(has)).toEqual([])
    expect(['k8s/mine.yaml', 'k8s/base/gateway.yaml', 'charts/ebb/templates/secret.yaml'].every(has)).toBe(true)
    const [rendered = ''] = lines
    expect(rendered).toMatch(/^\nRendered:\n {2}changed: charts\/ebb\/Chart\.yaml\n {2}new: /)
    expect(rendered).toMatch(/\n {2}removed: charts\/ebb\/templates\/gone\.yaml, gone\.yml, k8s\/base\/gone\.yaml$/)
  })

  it('changes nothing more when it is repeated', async () => {
    await applyUpgrade(project, OLD, print)
    lines.splice(0)
    await applyUpgrade(project, OLD, print)
    expect(lines.filter((line) => /Rendered|Changed/.test(line))).toEqual([])
  })

  it('renders with the options of the project', async () => {
    const render = `node ${resolve('src/cli.ts')} render --openfaas pro # ebb render`
    await writeFiles(project, { 'package.json': JSON.stringify({ type: 'module', scripts: { render } }) })
    await applyUpgrade(project, OLD, print)
    expect(await readFile(join(project, 'stack.yml'), 'utf8')).not.toContain('Community Edition')
  })

  it('puts what was rendered back where it cannot render', async () => {
    await writeFiles(project, { ...functionFiles('get-a', ''), 'functions/get-a/contract.ts': 'export default 1\n' })
    await expect(applyUpgrade(project, OLD, print)).rejects.toThrow(/^the files cannot be rendered: functions\/get-a/)
    expect(['charts/ebb/templates/gone.yaml', 'k8s/base/gone.yaml', 'gone.yml'].every(has)).toBe(true)
  })

  it.each([
    ['what is no version', 'latest', 'latest is no version, such as 1.2.3'],
    ['a newer version', '999.0.0', `999.0.0 is newer than this Ebb, ${version}: npm ci`],
  ])('refuses %s', async (_what, from, message) => {
    await expect(applyUpgrade(project, from, print)).rejects.toThrow(message)
  })
})

describe('a project whose rendered files are of another version', () => {
  const cli = (...args: readonly string[]) =>
    execFileSync(process.execPath, [resolve('src/cli.ts'), ...args], { cwd: project, encoding: 'utf8', stdio: 'pipe' })

  it('is told so in one sentence by ebb render --check, and told of the rest by ebb render', () => {
    const sentence = `the rendered files are of Ebb ${OLD}, and this is Ebb ${version}: npx ebb upgrade`
    expect(() => cli('render', '--check')).toThrow(`ebb: ${sentence}\n`)
    rmSync(join(project, 'charts/ebb/templates/gone.yaml'))
    expect(cli('render')).toContain(`What else this version needs changed: npx ebb upgrade --apply ${OLD}`)
    cli('render', '--check')
  })

  it('installs what it was rendered by, where that is newer', async () => {
    await writeFiles(project, { 'charts/ebb/Chart.yaml': 'version: "999.0.0"\n' })
    expect(await describeVersionGap(project)).toBe(
      `the rendered files are of Ebb 999.0.0, and this is Ebb ${version}: npm ci`,
    )
  })

  it('is none where nothing is rendered', async () => {
    await rm(join(project, 'charts'), { recursive: true })
    expect(await describeVersionGap(project)).toBeUndefined()
  })
})

it('the chart has the version of the package', async () => {
  expect(await readRenderedVersion('.')).toBe(version)
})
