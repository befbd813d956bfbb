import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { startRegistry } from '../../../test/support/npm-registry.ts'
import { itWhere } from '../../../test/support/requirements.ts'
import { packStandIn, type TestProject, testProjects, writeFiles } from '../test-support.ts'
import { upgrade } from './upgrade.ts'

const projects = testProjects()
let folder: string
let packed: Record<'old' | 'new' | 'needy' | 'large', string>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb packed '))
  const needy = { dependencies: { 'ebb-test-needs': '1.0.0' } }
  packed = {
    old: await packStandIn(folder, '1.0.0'),
    new: await packStandIn(folder, '1.1.0'),
    needy: await packStandIn(folder, '1.2.0', needy),
    large: await packStandIn(folder, '1.3.0', { source: { 'large.txt': randomBytes(1_500_000).toString('hex') } }),
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))
afterEach(() => {
  delete process.env.npm_config_registry
})

const lines: string[] = []
afterEach(() => void lines.splice(0))
const run = ({ root }: TestProject, given?: string) => upgrade(root, given, (line) => lines.push(line))
const NOWHERE = 'http://127.0.0.1:1'

/** Nothing has changed, and nothing is left for a next time. */
async function expectUntouched(project: TestProject) {
  expect(project.status()).toBe('')
  expect(project.has('.ebb/upgrade/journal.json')).toBe(false)
  expect(await project.read('package.json')).toContain('file:vendor/ebb-1.0.0.tgz')
}

describe('an upgrade to a packed file', () => {
  it('raises package.json, keeps the file in the place of the old one, and lets the new version do the rest', async () => {
    const project = await projects.create(packed.old)
    await run(project, packed.new)
    expect(await project.read('package.json')).toContain('"ebb": "file:vendor/ebb-1.1.0.tgz"')
    expect(await project.read('package-lock.json')).toContain('vendor/ebb-1.1.0.tgz')
    expect([project.has('vendor/ebb-1.0.0.tgz'), project.has('vendor/ebb-1.1.0.tgz')]).toEqual([false, true])
    expect(await project.read('applied.txt')).toBe('1.1.0 upgrade --apply 1.0.0\n')
    expect(lines.join('\n')).toContain('applied 1.1.0')
    expect(project.has('.ebb/upgrade/journal.json')).toBe(false)
  })

  it('is undone by the command that it prints', async () => {
    const project = await projects.create(packed.old)
    await run(project, packed.new)
    const [, command = ''] = /To undo all of it: (.*)$/.exec(lines.at(-1) ?? '') ?? []
    expect(command).toBe('git stash --include-untracked && npm ci')
    project.run('sh', '-c', command)
    await expectUntouched(project)
    expect(await project.read('node_modules/ebb/package.json')).toContain('"version":"1.0.0"')
    expect(project.has('applied.txt')).toBe(false)
  })

  it('is undone within the folder of the project, where that is a part of a repository', async () => {
    const project = await projects.create(packed.old)
    await rm(join(project.root, '.git'), { recursive: true })
    const inner = join(project.root, 'inner')
    await mkdir(inner)
    project.run('sh', '-c', 'mv package.json package-lock.json .gitignore .npmrc vendor node_modules inner')
    project.run('git', 'init', '--quiet')
    project.commit()
    await project.write('beside.txt', 'not of the project\n')
    await run({ ...project, root: inner }, packed.new)
    const [, command = ''] = /To undo all of it: (.*) && npm ci$/.exec(lines.at(-1) ?? '') ?? []
    project.run('sh', '-c', `cd inner && ${command}`)
    expect(project.status()).toBe('?? beside.txt')
  })

  it('does nothing for the version that the project has', async () => {
    const project = await projects.create(packed.old)
    await run(project, packed.old)
    expect(lines).toEqual(['This project has this version of Ebb already.'])
    await expectUntouched(project)
  })
})

describe('an upgrade to a version of the registry', () => {
  let registry: Awaited<ReturnType<typeof startRegistry>>
  beforeAll(async () => {
    registry = await startRegistry()
    for (const file of [packed.old, packed.new]) registry.publish(file)
  })
  afterAll(() => registry.close())

  it.each([undefined, '1.1.0', 'v1.1.0', '^1.0.0'])('goes to 1.1.0 for %s', async (given) => {
    process.env.npm_config_registry = registry.url
    const project = await projects.create(packed.old)
    await run(project, given)
    expect(await project.read('package.json')).toContain('"ebb": "1.1.0"')
    expect(project.has('vendor/ebb-1.0.0.tgz')).toBe(false)
    expect(await project.read('applied.txt')).toBe('1.1.0 upgrade --apply 1.0.0\n')
  })

  it('is refused for a version that it does not have', async () => {
    process.env.npm_config_registry = registry.url
    const project = await projects.create(packed.old)
    await expect(run(project, '9.9.9')).rejects.toThrow(
      'the registry has no ebb 9.9.9: npm view ebb versions lists those that it has',
    )
    await expectUntouched(project)
  })
})

describe('refuses', () => {
  it('what is not committed', async () => {
    const project = await projects.create(packed.old)
    await project.write('new.txt', '')
    await expect(run(project, packed.new)).rejects.toThrow(/^new\.txt: not committed; commit first \(or git stash/)
    expect(await project.read('package.json')).toContain('1.0.0')
  })

  it('a project without a commit', async () => {
    const project = await projects.create(packed.old)
    await rm(join(project.root, '.git'), { recursive: true })
    await expect(run(project, packed.new)).rejects.toThrow(/^this needs a commit to go back to: git init && /)
  })

  it('the repository of Ebb itself', async () => {
    await expect(upgrade(resolve('.'), undefined, () => {})).rejects.toThrow('this is the repository of Ebb itself')
  })

  it('a downgrade, with the commit to revert', async () => {
    const project = await projects.create(packed.old)
    await expect(run(project, await packStandIn(folder, '0.9.0'))).rejects.toThrow(
      '0.9.0 is older than 1.0.0, which this project is at: the project never was at an older one',
    )
    await run(project, packed.new)
    project.commit()
    const commit = project.git('rev-parse', '--short', 'HEAD').trim()
    await expect(run(project, packed.old)).rejects.toThrow(
      `1.0.0 is older than 1.1.0, which this project is at: to go back, git revert ${commit} && npm ci`,
    )
    expect(project.status()).toBe('')
  })

  it.each([
    ['a file that is not there', 'none.tgz', /^there is no file \/.*none\.tgz$/],
    ['a file that is no packed Ebb', '.npmrc.tgz', /npmrc\.tgz is no packed Ebb/],
    ['another package of this name', 'ebb-7.0.0.tgz', /ebb-7\.0\.0\.tgz is a package called ebb, and not of this Ebb/],
    ['what is neither', 'a version', /^a version is neither a version, such as 1\.2\.3, nor a packed Ebb/],
  ])('%s', async (_what, given, message) => {
    const project = await projects.create(packed.old)
    await writeFile(join(folder, '.npmrc.tgz'), 'audit=false\n')
    await writeFiles(join(folder, 'other'), { 'package/package.json': '{"name":"ebb","version":"7.0.0"}' })
    execFileSync('tar', ['-czf', 'ebb-7.0.0.tgz', '-C', 'other', 'package'], { cwd: folder })
    const name = given.endsWith('.tgz') ? join(folder, given) : given
    await expect(run(project, name)).rejects.toThrow(message)
    await expectUntouched(project)
  })
})

describe('without a network', () => {
  it('says so, with everything as it was', async () => {
    process.env.npm_config_registry = NOWHERE
    const project = await projects.create(packed.old)
    await expect(run(project)).rejects.toThrow('npm cannot reach its registry (ECONNREFUSED); try again with a network')
    await expectUntouched(project)
  })

  it('also where only the packages of a packed file are missing', async () => {
    process.env.npm_config_registry = NOWHERE
    const project = await projects.create(packed.old)
    await expect(run(project, packed.needy)).rejects.toThrow('npm cannot reach its registry (ECONNREFUSED)')
    await expectUntouched(project)
    expect(await project.read('node_modules/ebb/package.json')).toContain('"version":"1.0.0"')
  })
})

describe('on a full disk', () => {
  const itAsRoot = itWhere(process.getuid?.() === 0 ? undefined : 'only root can mount a small disk')

  // The packed file has 1.7 MB, and 3 MB in it: there is no room to unpack it, to keep it, or to install it.
  for (const size of ['2m', '5500k', '8m']) {
    itAsRoot(`of ${size}: is refused, with everything as it was`, async () => {
      const disk = join(folder, `disk-${size}`)
      await mkdir(disk)
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk])
      try {
        const project = await projects.create(packed.old, {}, disk)
        await expect(run(project, packed.large)).rejects.toThrow(/^the disk is full, and all is as it was: make room/)
        await expectUntouched(project)
        expect(await project.read('node_modules/ebb/package.json')).toContain('"version":"1.0.0"')
      } finally {
        execFileSync('umount', [disk])
      }
    })
  }
})

describe('an upgrade that is interrupted', () => {
  const cli = (project: TestProject, ...args: readonly string[]) =>
    promisify(execFile)(process.execPath, [resolve('src/cli.ts'), ...args], { cwd: project.root })

  it('by a kill during npm install: starts anew when it is started again', async () => {
    const project = await projects.create(packed.old)
    const npm = join(project.root, 'node_modules/.bin/npm')
    await writeFile(npm, '#!/bin/sh\nkill -9 $PPID\n')
    await chmod(npm, 0o755)
    await expect(cli(project, 'upgrade', packed.new)).rejects.toMatchObject({ signal: 'SIGKILL' })
    expect(await project.read('package.json')).toContain('1.1.0')
    await rm(npm)
    const { stdout } = await cli(project, 'upgrade', packed.new)
    expect(stdout).toContain('Upgrading from Ebb 1.0.0 to 1.1.0.')
    expect(project.status().split('\n')).toEqual([
      ...['M package-lock.json', ' M package.json', ' D vendor/ebb-1.0.0.tgz', '?? applied.txt'],
      '?? vendor/ebb-1.1.0.tgz',
    ])
  })

  it('by what the new version cannot do: goes on there once that is mended', async () => {
    const project = await projects.create(packed.old, { broken: '' })
    await expect(run(project, packed.new)).rejects.toThrow(
      /^something is broken\nMend that, and npx ebb upgrade goes on; or undo all of it: git stash --include-untracked && npm ci$/,
    )
    await expect(run(project, '1.3.0')).rejects.toThrow(
      /^ebb upgrade to 1\.1\.0 is not finished: npx ebb upgrade goes on/,
    )
    await rm(join(project.root, 'broken'))
    await run(project)
    expect(lines).toContain('Going on with the upgrade from Ebb 1.0.0 to 1.1.0.')
    expect(await project.read('applied.txt')).toBe('1.1.0 upgrade --apply 1.0.0\n')
  })

  it('and undone by git: is forgotten', async () => {
    const project = await projects.create(packed.old, { broken: '' })
    await expect(run(project, packed.new)).rejects.toThrow('something is broken')
    project.run('sh', '-c', 'git stash --include-untracked && npm ci')
    await rm(join(project.root, 'broken'))
    project.commit()
    await run(project, packed.new)
    expect(lines).not.toContain('Going on with the upgrade from Ebb 1.0.0 to 1.1.0.')
    expect(await project.read('applied.txt')).toBe('1.1.0 upgrade --apply 1.0.0\n')
  })
})

it('brings the rest up to date where package.json was raised by hand', async () => {
  const project = await projects.create(packed.new, { 'charts/ebb/Chart.yaml': 'version: 1.0.0\n' })
  await run(project)
  expect(lines[0]).toContain('Upgrading from Ebb 1.0.0 to 1.1.0.')
  expect(await project.read('applied.txt')).toBe('1.1.0 upgrade --apply 1.0.0\n')
})
