import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { isAlert, RULES } from '../../src/protocol/alerts/index.ts'
import { blocksOf } from '../docs/page-blocks.ts'
import { findProgram } from '../support/find-program.ts'
import { itWhere } from '../support/requirements.ts'

const AMTOOL = findProgram('amtool')
const itWithAmtool = itWhere(AMTOOL ? undefined : 'no amtool on PATH')
const ALERTS = RULES.filter(isAlert)

describe('the configuration of Alertmanager in the guide', () => {
  const text =
    blocksOf('docs/guide/53-alerts-and-dashboards.md').find(({ file }) => file === 'alertmanager.yml')?.text ?? ''
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ebb-alertmanager-'))
    await writeFile(join(folder, 'alertmanager.yml'), text)
  })
  afterAll(() => rm(folder, { recursive: true }))
  const amtool = async (...args: readonly string[]) =>
    (await promisify(execFile)(AMTOOL ?? '', [...args], { cwd: folder })).stdout.trim()

  itWithAmtool('is one that Alertmanager takes', async () => {
    expect(await amtool('check-config', 'alertmanager.yml')).toContain('SUCCESS')
  })

  itWithAmtool('sends each alert to whom its severity says', async () => {
    const receivers = { critical: 'on-call', warning: 'team', info: 'list' }
    for (const [severity, receiver] of Object.entries(receivers)) {
      const { alert } = ALERTS.find((rule) => rule.severity === severity) ?? { alert: '' }
      const route = ['config', 'routes', 'test', '--config.file=alertmanager.yml']
      expect(await amtool(...route, `severity=${severity}`, `alertname=${alert}`)).toBe(receiver)
    }
  })

  it('names alerts that there are', () => {
    const { inhibit_rules: rules } = parse(text) as { readonly inhibit_rules: readonly object[] }
    const named = new Set(JSON.stringify(rules).match(/Ebb\w+/g))
    expect(named.size).toBeGreaterThan(3)
    expect([...named].filter((name) => !ALERTS.some(({ alert }) => alert === name))).toEqual([])
  })
})
