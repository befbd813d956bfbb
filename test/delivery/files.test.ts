import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { parse, parseAllDocuments } from 'yaml'
import { readKit } from '../../src/project/create/read-kit.ts'
import { FORGES } from '../../src/project/pipeline/forges.ts'
import { pipelineFile } from '../../src/project/pipeline/pipeline-files.ts'
import { commandOf, STAGES } from '../../src/project/pipeline/stages.ts'

const one = (files: Readonly<Record<string, string>>) => Object.values(files)[0] ?? ''
const commands = STAGES.flatMap(({ steps }) => steps.map(commandOf))

describe('the pipelines of all forges', () => {
  it('run the same scripts, in the order of the stages', () => {
    const { jobs } = parse(one(pipelineFile('github')))
    const ofGithub = Object.values<{ steps: { run?: string }[] }>(jobs).flatMap(({ steps }) =>
      steps.flatMap(({ run }) => run ?? []),
    )
    const gitlab = parse(one(pipelineFile('gitlab')))
    const ofGitlab = STAGES.flatMap(({ name }) => gitlab[name].script)
    const pipelines = parseAllDocuments(one(pipelineFile('tekton'))).map((document) => document.toJS())
    const ofTekton = pipelines
      .flatMap(({ spec }) => spec.tasks.filter(({ name }: { name: string }) => name !== 'clone'))
      .flatMap(({ taskSpec }) => taskSpec.steps.map(({ script }: { script: string }) => script.split('\n')[1]))
    expect([ofGithub, ofGitlab, ofTekton]).toEqual([commands, commands, commands])
  })

  it('name only scripts that there are, and every script is one of their steps', async () => {
    const scripts = (await readdir('src/project/create/template/_ci')).filter((name) => !HELPERS.includes(name))
    expect([...new Set(STAGES.flatMap(({ steps }) => steps.map((step) => step.split(' ')[0])))].sort()).toEqual(
      scripts.sort(),
    )
  })

  it('deploy only what has passed the stage before, one at a time', () => {
    const { jobs } = parse(one(pipelineFile('github')))
    expect(jobs.production).toMatchObject({
      ...{ needs: 'staging', environment: 'production' },
      concurrency: { group: 'production', 'cancel-in-progress': false },
    })
    expect(jobs.rollback.concurrency).toEqual({ group: 'production', 'cancel-in-progress': true })
    const gitlab = parse(one(pipelineFile('gitlab')))
    expect(gitlab.production).toMatchObject({ needs: ['staging', 'build'], resource_group: 'production' })
    const [{ spec }] = parseAllDocuments(one(pipelineFile('tekton'))).map((document) => document.toJS())
    expect(spec.tasks.find(({ name }: { name: string }) => name === 'production').runAfter).toEqual(['staging'])
  })

  it('give no preview to whoever cannot push, and leave what is closed and what is over to their own stages', () => {
    const { on, jobs } = parse(one(pipelineFile('github')))
    expect(on.pull_request.types).toContain('closed')
    for (const name of ['preview', 'preview-down'])
      expect(jobs[name].if).toContain('github.event.pull_request.head.repo.full_name == github.repository')
    expect(jobs.check.if).toBe("github.event_name != 'schedule' && github.event.action != 'closed'")
    expect(jobs['preview-sweep'].if).toContain("github.event_name == 'schedule'")
    const gitlab = parse(one(pipelineFile('gitlab')))
    expect(gitlab.preview.environment).toMatchObject({ on_stop: 'preview-down', auto_stop_in: '1 day' })
    for (const [name, { rules }] of Object.entries<{ rules?: { if?: string; when?: string }[] }>(gitlab))
      if (rules && !name.startsWith('preview'))
        expect([name, rules.filter((rule) => rule.if?.includes('schedule')).map(({ when }) => when)]).toEqual([
          ...[name, name === 'workflow' ? [undefined] : ['never']],
        ])
  })

  it('let jobs of GitHub read, and only those have a token that something else knows them by', () => {
    const { permissions, jobs } = parse(one(pipelineFile('github')))
    expect(permissions).toEqual({})
    expect(jobs.check.permissions).toEqual({ contents: 'read' })
    expect(jobs.build.permissions).toEqual({ contents: 'read', 'id-token': 'write', packages: 'write' })
  })
})

describe('a project', () => {
  it.each(FORGES)('that is created for %s has its file, and the scripts', async (forge) => {
    const { scripts, pipelines } = await readKit()
    expect(pipelines[forge]).toEqual(pipelineFile(forge))
    expect(Object.keys(scripts)).toContain('.ci/check')
  })
})

describe('this repository', () => {
  it('delivers its example by what projects get, and is checked by .ci/run', async () => {
    for (const [file, text] of Object.entries({
      ...pipelineFile('github', OURS),
      ...pipelineFile('gitlab', OURS),
      ...pipelineFile('tekton', OURS),
    }))
      expect({ file, text: await readFile(file, 'utf8') }).toEqual({ file, text })
    const { scripts } = await readKit()
    const ours = Object.entries(scripts).filter(([file]) => file !== '.ci/check' && file !== '.ci/contracts')
    for (const [file, text] of ours) expect({ file, text: await readFile(file, 'utf8') }).toEqual({ file, text })
  })
})

const HELPERS = ['connect', 'list-images', 'open-admin']
/** `ci` checks it. */
const OURS = { name: 'deliver', without: ['check', 'preview', 'preview-down', 'preview-sweep'] }
