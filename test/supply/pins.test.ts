import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'

const WORKFLOWS = '.github/workflows'
const workflows = readdirSync(WORKFLOWS).map((name) => [name, readFileSync(join(WORKFLOWS, name), 'utf8')] as const)
const dockerfile = readFileSync('Dockerfile', 'utf8')
const pkg = JSON.parse(readFileSync('package.json', 'utf8'))

describe('the Dockerfile', () => {
  it('takes every base image by its digest', () => {
    const stages = [...dockerfile.matchAll(/^FROM \S+ AS (\S+)/gm)].map(([, stage]) => stage)
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base = '']) => base)
    const foreign = bases.filter((base) => !stages.includes(base))
    expect(foreign).toHaveLength(2)
    expect(foreign.filter((base) => !/^[\w.]+\/[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/.test(base))).toEqual([])
  })

  it("runs the base image's Node, and refuses one of another version than the laptop's", () => {
    expect(dockerfile).toContain('install -D /usr/local/bin/node')
    expect(dockerfile).toContain('node_modules/.bin/node --version')
    const nodes = Object.entries<string>(pkg.optionalDependencies).filter(([name]) => /^node-/.test(name))
    expect(new Set(nodes.map(([, version]) => `v${version}`))).toEqual(new Set([process.version]))
  })
})

describe.each(workflows)('the workflow %s', (_name, text) => {
  interface Step {
    readonly uses?: string
    readonly run?: string
    readonly with?: Readonly<Record<string, unknown>>
  }
  const workflow = parse(text)
  const jobs = Object.values<{ readonly permissions?: unknown; readonly steps: readonly Step[] }>(workflow.jobs)
  const steps = jobs.flatMap((job) => job.steps)

  it('takes every action by its commit, with its version for people', () => {
    const uses = [...text.matchAll(/uses: (.+)$/gm)].map(([, action]) => action)
    expect(uses).not.toEqual([])
    expect(uses.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action ?? ''))).toEqual([])
  })

  it('runs nothing that the author of a pull request has written', () => {
    expect(steps.flatMap(({ run = '' }) => run.match(/\$\{\{.*?\}\}/g) ?? [])).toEqual([])
  })

  it('may do nothing unless a job says so, and keeps no credentials in the checkout', () => {
    expect(workflow.permissions).toEqual({})
    for (const job of jobs) expect(job.permissions).toBeDefined()
    const checkouts = steps.filter((step) => step.uses?.startsWith('actions/checkout@'))
    for (const checkout of checkouts) expect(checkout.with).toMatchObject({ 'persist-credentials': false })
  })
})

it('what raises the pins knows of each kind of them', () => {
  const { updates } = parse(readFileSync('.github/dependabot.yml', 'utf8'))
  const kinds = updates.map((update: Record<string, unknown>) => update['package-ecosystem'])
  expect(kinds.sort()).toEqual(['docker', 'github-actions', 'npm'])
})

it('the forge runs the one list of steps that is in .ci/run, and none beside it', () => {
  const { jobs } = parse(readFileSync(join(WORKFLOWS, 'ci.yml'), 'utf8'))
  const runs = Object.values<{ steps: { run?: string }[] }>(jobs).flatMap((job) =>
    job.steps.flatMap(({ run }) => run ?? []),
  )
  expect(runs).toEqual(['.ci/run'])
})
