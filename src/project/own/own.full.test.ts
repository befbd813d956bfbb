import { lstat, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { packStandIn, type TestProject, testProjects } from '../test-support.ts'
import { upgrade } from '../upgrade/upgrade.ts'
import { own } from './own.ts'
import { ownBack } from './own-back.ts'

const LINES = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\n'
const projects = testProjects()
let folder: string
let packed: Record<'old' | 'new', string>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb packed '))
  const before = { 'src/a.ts': LINES, 'src/gone.ts': 'gone\n' }
  const after = { 'src/a.ts': LINES.replace('seven', 'SEVEN'), 'src/new.ts': 'new\n' }
  packed = {
    old: await packStandIn(folder, '1.0.0', { source: before }),
    new: await packStandIn(folder, '1.1.0', { source: after }),
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const lines: string[] = []
const print = (line: string) => void lines.push(line)
afterEach(() => void lines.splice(0))

const isLink = async ({ root }: TestProject) => (await lstat(join(root, 'node_modules/ebb'))).isSymbolicLink()

/** A project that owns its platform, with this patch of it, all committed. */
async function createOwned(patch: (text: string) => string): Promise<TestProject> {
  const project = await projects.create(packed.old)
  await own(project.root, print)
  project.commit()
  await project.write('ebb/src/a.ts', patch(LINES))
  project.commit()
  lines.splice(0)
  return project
}

describe('ebb own', () => {
  it('puts the sources into ./ebb as a workspace, and says where they are from', async () => {
    const project = await projects.create(packed.old)
    await own(project.root, print)
    expect(JSON.parse(await project.read('package.json'))).toMatchObject({
      ...{ workspaces: ['ebb'], dependencies: { ebb: '*' } },
    })
    expect(await project.read('ebb/src/a.ts')).toBe(LINES)
    expect(JSON.parse(await project.read('ebb/.ebb-origin'))).toEqual({
      ...{ version: '1.0.0', dependency: 'file:vendor/ebb-1.0.0.tgz' },
    })
    expect(await isLink(project)).toBe(true)
    expect(project.has('vendor/ebb-1.0.0.tgz')).toBe(true)
    project.commit()
    await rm(join(project.root, 'node_modules'), { recursive: true })
    project.run('npm', 'ci', '--offline')
    expect(await isLink(project)).toBe(true)
  })

  it('is undone by the command that it prints', async () => {
    const project = await projects.create(packed.old)
    await own(project.root, print)
    const [, command = ''] = /^To undo it: (.*)$/.exec(lines.at(-1) ?? '') ?? []
    project.run('sh', '-c', command)
    expect([project.status(), project.has('ebb'), await isLink(project)]).toEqual(['', false, false])
  })

  it('refuses what is there already, and what is not committed', async () => {
    const project = await createOwned((text) => text)
    await expect(own(project.root, print)).rejects.toThrow("./ebb has the platform's sources already")
    const other = await projects.create(packed.old, { 'ebb/mine.txt': '' })
    await expect(own(other.root, print)).rejects.toThrow('there is a folder ebb already: give it another name')
    await other.write('new.txt', '')
    await expect(own(other.root, print)).rejects.toThrow(/^new\.txt: not committed/)
  })

  it('names what git would not commit of them', async () => {
    const project = await projects.create(packed.old, { '.gitignore': 'node_modules/\n.ebb/\nsrc/\n' })
    await own(project.root, print)
    expect(lines[0]).toBe('.gitignore has files ignored that are to be committed: ebb/src/')
  })
})

describe('an upgrade of an owned platform', () => {
  it('keeps its patches, and takes what is new and what is gone', async () => {
    const project = await createOwned((text) => text.replace('one', 'ONE'))
    await upgrade(project.root, packed.new, print)
    expect(await project.read('ebb/src/a.ts')).toBe(LINES.replace('one', 'ONE').replace('seven', 'SEVEN'))
    expect([project.has('ebb/src/new.ts'), project.has('ebb/src/gone.ts')]).toEqual([true, false])
    expect(JSON.parse(await project.read('ebb/package.json'))).toMatchObject({ version: '1.1.0' })
    expect(JSON.parse(await project.read('ebb/.ebb-origin'))).toEqual({
      ...{ version: '1.1.0', dependency: 'file:vendor/ebb-1.1.0.tgz' },
    })
    expect([project.has('vendor/ebb-1.0.0.tgz'), project.has('vendor/ebb-1.1.0.tgz')]).toEqual([false, true])
    expect(JSON.parse(await project.read('package.json')).dependencies).toEqual({ ebb: '*' })
    expect(await project.read('applied.txt')).toBe('1.1.0 upgrade --apply 1.0.0\n')
    expect(lines).toContain('  ebb: 1 patched file is merged: src/a.ts')
  })

  it('says of a conflict in which file it is, and goes on once it is resolved', async () => {
    const project = await createOwned((text) => text.replace('seven', 'Seven'))
    await expect(upgrade(project.root, packed.new, print)).rejects.toThrow(
      'resolve the conflict with Ebb 1.1.0, and npx ebb upgrade goes on; or undo all of it: git stash --include-untracked && npm ci',
    )
    expect(lines).toContain(
      '  ebb/src/a.ts has a conflict: your patch and Ebb 1.1.0 change the same lines in one place',
    )
    await expect(upgrade(project.root, undefined, print)).rejects.toThrow(
      'ebb/src/a.ts still has the markers of a conflict',
    )
    await project.write('ebb/src/a.ts', LINES.replace('seven', 'both'))
    await upgrade(project.root, undefined, print)
    expect(await project.read('ebb/src/a.ts')).toContain('both')
    expect(await project.read('applied.txt')).toBe('1.1.0 upgrade --apply 1.0.0\n')
  })

  it('is undone by git where it has a conflict', async () => {
    const project = await createOwned((text) => text.replace('seven', 'Seven'))
    await expect(upgrade(project.root, packed.new, print)).rejects.toThrow('resolve the conflict')
    project.run('sh', '-c', 'git stash --include-untracked && npm ci --offline')
    expect(await project.read('ebb/src/a.ts')).toContain('Seven')
    expect([project.status(), project.has('vendor/ebb-1.0.0.tgz')]).toEqual(['', true])
  })

  it('leaves all as it was where it fails', async () => {
    const project = await createOwned((text) => text.replace('one', 'ONE'))
    const dependencies = { 'ebb-test-needs': '1.0.0' }
    const needy = await packStandIn(folder, '1.2.0', { dependencies, source: { 'src/a.ts': LINES } })
    process.env.npm_config_registry = 'http://127.0.0.1:1'
    try {
      await expect(upgrade(project.root, needy, print)).rejects.toThrow('npm cannot reach its registry')
    } finally {
      delete process.env.npm_config_registry
    }
    expect(project.status()).toBe('')
    expect(await project.read('ebb/src/a.ts')).toContain('ONE')
  })
})

describe('ebb own --back', () => {
  it('returns to the package, and lists what is lost', async () => {
    const project = await createOwned((text) => text.replace('one', 'ONE'))
    await project.write('ebb/src/added.ts', '')
    project.commit()
    await ownBack(project.root, print)
    expect(lines[0]).toBe('This project runs the package of Ebb 1.0.0 again.')
    expect(lines[1]).toBe('What is lost; git has it still:\n  ebb/src/a.ts (patched)\n  ebb/src/added.ts (added)')
    const manifest = JSON.parse(await project.read('package.json'))
    expect(manifest.dependencies).toEqual({ ebb: 'file:vendor/ebb-1.0.0.tgz' })
    expect([manifest.workspaces, project.has('ebb'), await isLink(project)]).toEqual([undefined, false, false])
    project.commit()
    project.run('npm', 'ci', '--offline')
    expect(await project.read('node_modules/ebb/package.json')).toContain('"version":"1.0.0"')
  })

  it('refuses what is not committed, and a project that has the package', async () => {
    const project = await projects.create(packed.old)
    await expect(ownBack(project.root, print)).rejects.toThrow('this project has no ./ebb: it runs the package already')
    await project.write('new.txt', '')
    await expect(ownBack(project.root, print)).rejects.toThrow(/^new\.txt: not committed/)
  })
})
