import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { chooseNearest } from './support/jest-nearest.ts'

describe('npm run check -- --changed', () => {
  const choose = (changed: readonly string[], tests: Readonly<Record<string, number | undefined>>) =>
    chooseNearest(
      Object.entries(tests).map(([path, duration]) => ({ path: resolve(path), ...(duration ? { duration } : {}) })),
      changed,
    ).map(({ path }) => path.slice(resolve('.').length + 1))

  it('runs the tests of the changed file first, then those nearby, as many as fit into its time', () => {
    const tests = {
      ...{ 'test/e2e/laptop.test.ts': 30_000, 'src/http/app.test.ts': 40_000, 'src/data/redis.full.test.ts': 20_000 },
      ...{ 'src/data/mail.test.ts': 30_000 },
    }
    expect(choose(['src/data/mail.ts'], tests)).toEqual(['src/data/mail.test.ts', 'src/data/redis.full.test.ts'])
    expect(choose(['src/http/app.ts'], tests)[0]).toBe('src/http/app.test.ts')
  })

  it('runs the nearest one, however long it takes, and counts one that has never run', () => {
    expect(choose(['src/data/mail.ts'], { 'src/data/mail.test.ts': 90_000 })).toHaveLength(1)
    const unknown = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`test/e2e/${i}.test.ts`, undefined]))
    expect(choose(['src/data/mail.ts'], unknown)).toHaveLength(3)
  })
})

describe.each(['bug', 'idea'])('the form for a %s', (name) => {
  const form = parse(readFileSync(`.github/ISSUE_TEMPLATE/${name}.yml`, 'utf8'))

  it('has what a forge needs to offer it', () => {
    expect(form).toMatchObject({ name: expect.any(String), description: expect.any(String), body: expect.any(Array) })
    const fields = form.body.filter(({ type }: { type: string }) => type !== 'markdown')
    const ids = fields.map(({ id }: { id?: string }) => id)
    expect(new Set(ids).size).toBe(fields.length)
    for (const { type, id, attributes } of fields) {
      expect(['textarea', 'input', 'dropdown', 'checkboxes']).toContain(type)
      expect(id).toMatch(/^[a-z]+$/)
      expect(attributes.label).toEqual(expect.any(String))
    }
  })
})

it.each(['settings', 'extensions', 'launch'])('.vscode/%s.json is JSON, and what it starts exists', (name) => {
  const { configurations = [] } = JSON.parse(readFileSync(`.vscode/${name}.json`, 'utf8'))
  for (const { runtimeExecutable, program } of configurations)
    for (const path of [runtimeExecutable, program])
      if (path) readFileSync(path.replace(/^\$\{workspaceFolder\}\//, ''))
})
