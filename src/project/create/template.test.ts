import { readFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { projectFiles } from './project-files.ts'
import { readKit } from './read-kit.ts'

const template = (file: string) => readFile(`src/project/create/template/${file}`, 'utf8')
const read = (file: string) => readFile(file, 'utf8')

describe('a new project', () => {
  it('takes the actions of its workflow by the commits that this repository does', async () => {
    const actions = async (text: Promise<string>) =>
      [...(await text).matchAll(/uses: (.*)$/gm)].map(([, action]) => action)
    const ours = await actions(read('.github/workflows/deliver.yml'))
    const { pipelines } = await readKit()
    const theirs = await actions(Promise.resolve(pipelines.github?.['.github/workflows/ci.yml'] ?? ''))
    expect(theirs).not.toEqual([])
    for (const action of theirs) expect(ours).toContain(action)
  })

  it('has every command of its AGENTS.md in a block that the test of a whole project runs', async () => {
    const prose = (await template('AGENTS.md')).replaceAll(/^```console\n[\s\S]*?^```$/gm, '')
    const commands = [...prose.matchAll(/`((?:npm|npx|ebb) [^`]*)`/g)].map(([, command]) => command)
    expect(commands.filter((command) => command !== 'npm start')).toEqual([])
  })

  it.each(['note', 'shop'] as const)('leaves no word of the template unsaid, with a %s', async (example) => {
    const kit = await readKit()
    const files = projectFiles({ name: 'my-api', example, dependency: '1.2.3' }, kit)
    const texts = Object.entries(files).map(([path, text]) => `${path}\n${text}`)
    expect(texts.filter((text) => /\{\{\w+\}\}/.test(text))).toEqual([])
    expect(Object.keys(files)).toEqual(
      expect.arrayContaining(['package.json', '.gitignore', '.github/workflows/ci.yml']),
    )
    expect(texts.filter((text) => text.includes('my-api')).length).toBeGreaterThan(3)
  })
})
