import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { spawnCli } from '../../../test/support/cli.ts'
import { itWhere } from '../../../test/support/requirements.ts'
import { createIn } from './test-support.ts'

const { at, create, writeFiles } = createIn()
const shell = promisify(execFile)
const git = async (path: string, ...args: readonly string[]) => (await shell('git', args, { cwd: at(path) })).stdout

describe('ebb create', () => {
  it('writes a project of few files and lines, under its own name, and commits it', async () => {
    const { code, stdout, stderr } = await create('my-api', ['--no-install'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^my-api is ready\.\n[\s\S]*npm install && npm run render[\s\S]*npm start/)
    expect(await git('my-api', 'log', '--format=%s')).toMatch(/^Create my-api with Ebb \d+\.\d+\.\d+\n$/)
    expect(await git('my-api', 'status', '--porcelain')).toBe('')
    const own = (await git('my-api', 'ls-files', ':(attr:!linguist-generated)')).trim().split('\n')
    const text = (await Promise.all(own.map((file) => readFile(at(`my-api/${file}`), 'utf8')))).join('')
    expect(own.length).toBeLessThanOrEqual(30)
    expect(text.match(/\n/g)?.length).toBeLessThanOrEqual(400)
    await expect(git('my-api', 'grep', '-i', '-e', 'shop', '-e', 'products\\?\\>')).rejects.toMatchObject({ code: 1 })
    expect(JSON.parse(await readFile(at('my-api/package.json'), 'utf8')).name).toBe('my-api')
    expect(existsSync(at('my-api/.ebb'))).toBe(false)
    expect(await readdir(at(''))).toEqual(['my-api'])
  })

  it('hands out the shop, without the notes and their tour, or says that there is none', async () => {
    const written = writeFiles('our-shop', { example: 'shop' })
    // A copy of this repository may be without it.
    if (!existsSync('functions/create-user')) return expect(written).rejects.toThrow('has no shop in it')
    await written
    expect(await readdir(at('our-shop/functions'))).toContain('place-order')
    expect(await readdir(at('our-shop/domain/migrations'))).toContain('0001.do.users.sql')
    expect(existsSync(at('our-shop/test'))).toBe(false)
    const readme = await readFile(at('our-shop/README.md'), 'utf8')
    expect(readme).not.toContain('notes')
    expect(readme).toContain('--build-arg FUNCTION=create-user')
  })

  it('keeps a packed Ebb in the project, under the name of its version', async () => {
    await writeFile(at('package.json'), JSON.stringify({ name: 'ebb', version: '1.2.3' }))
    await shell('npm', ['pack'], { cwd: at('') })
    await shell('mv', [at('ebb-1.2.3.tgz'), at('any.tgz')])
    await writeFiles('my-api', { ebb: at('any.tgz') })
    expect(await readdir(at('my-api/vendor'))).toEqual(['ebb-1.2.3.tgz'])
    const { dependencies } = JSON.parse(await readFile(at('my-api/package.json'), 'utf8'))
    expect(dependencies.ebb).toBe('file:vendor/ebb-1.2.3.tgz')
  })

  it('takes a name beside a folder that has none, and quotes the folder', async () => {
    const printed = await writeFiles('More Folders/My API', { name: 'my-api' })
    expect(printed).toMatch(/^my-api is ready\.\n[\s\S]*cd '.*More Folders\/My API'\n/)
  })

  it('goes into an empty folder, and into the repository around it', async () => {
    await mkdir(at('my-api'))
    await shell('git', ['init', '--quiet'], { cwd: at('my-api') })
    expect((await create('my-api', ['--no-install'])).code).toBe(0)
    expect(await git('my-api', 'status', '--porcelain')).toContain('?? package.json')
    expect((await readdir(at('my-api'))).filter((name) => name.includes('ebb'))).toEqual([])
  })

  it('removes what one that was killed while it wrote has left', async () => {
    // No process has so high a number.
    await mkdir(at('.my-api.ebb-create-99999999/functions'), { recursive: true })
    await mkdir(at(`.my-api.ebb-create-${process.ppid}`))
    await writeFiles('my-api')
    expect((await readdir(at(''))).sort()).toEqual([`.my-api.ebb-create-${process.ppid}`, 'my-api'])
  })

  it('says how to commit where git does not know who commits', async () => {
    const nobody = { GIT_AUTHOR_NAME: '', GIT_AUTHOR_EMAIL: '', GIT_COMMITTER_NAME: '', GIT_COMMITTER_EMAIL: '' }
    const { code, stdout } = await create('my-api', ['--no-install'], nobody)
    expect(code).toBe(0)
    expect(stdout).toMatch(/git did not commit it \(.+\): git commit -m 'Create my-api with Ebb .*'/)
  })
})

describe('ebb create writes nothing', () => {
  it.each([
    ['a name that npm refuses', 'My-API', {}, /"My-API" is no name for npm and DNS: .* such as --name my-api$/],
    ['a name that DNS refuses', 'my_api', {}, /"my_api" is no name for npm and DNS/],
    ['the name of a package', 'x', { name: 'zod' }, /"zod" is the name of a package that a project uses/],
    ['a version that is none', 'x', { ebb: 'newest' }, /--ebb takes a version, such as 1\.2\.3, or a packed Ebb/],
    ['a file that is absent', 'x', { ebb: '/nowhere/ebb.tgz' }, /\/nowhere\/ebb\.tgz cannot be read \(ENOENT\)$/],
  ])('for %s', async (_what, path, given, sentence) => {
    await expect(writeFiles(path, given)).rejects.toThrow(sentence)
    expect(await readdir(at(''))).toEqual([])
  })

  it('without a folder, off a terminal', async () => {
    const { code, stderr } = await spawnCli(['create']).ended
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^ebb: name the folder of the new project/)])
  })

  it('into a folder that has something in it, or where a file is', async () => {
    await mkdir(at('full'))
    await writeFile(at('full/a.txt'), 'mine')
    await writeFile(at('file'), 'mine')
    await expect(writeFiles('full')).rejects.toThrow(/full exists and is not empty: choose another folder/)
    await expect(writeFiles('file')).rejects.toThrow(/file: a part of this path is a file/)
    await expect(writeFiles('file/api')).rejects.toThrow(/api: a part of this path is a file/)
    expect(await readdir(at('full'))).toEqual(['a.txt'])
    expect((await readdir(at(''))).sort()).toEqual(['file', 'full'])
  })

  const unprivileged = process.getuid?.() === 0 ? undefined : 'only root may mount'
  itWhere(unprivileged)('on a disk that is full, or that is read only', async () => {
    const onDisk = async (options: string, path: string, sentence: RegExp) => {
      await mkdir(at('disk'))
      await shell('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at('disk')])
      try {
        await expect(writeFiles(`disk/${path}`)).rejects.toThrow(sentence)
        expect(await readdir(at('disk'))).toEqual([])
      } finally {
        await shell('umount', [at('disk')])
        await rm(at('disk'), { recursive: true })
      }
    }
    await onDisk('size=40k', 'within/my-api', /my-api: the disk is full, and nothing was left behind/)
    await onDisk('ro', 'my-api', /my-api: you may not write there: choose another folder/)
  })
})
