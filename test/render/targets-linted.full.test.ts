import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect } from '@jest/globals'
import { readChart, renderTarget } from '../../src/deploy/render/index.ts'
import { findProgram } from '../support/find-program.ts'
import { itWhere } from '../support/requirements.ts'
import { more } from './more-contracts.ts'

const linter = findProgram('cfn-lint')
const missing = linter ? undefined : 'cfn-lint is not installed (pip install cfn-lint==1.51.0)'
const folder = mkdtempSync(join(tmpdir(), 'ebb-targets-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What AWS's linter says of a template, which it has translated by AWS's own translator first. */
function lint(template: string): string {
  const file = join(folder, 'template.yaml')
  writeFileSync(file, template)
  return spawnSync(linter ?? '', ['--format', 'parseable', file], { encoding: 'utf8' }).stdout
}

const template = renderTarget('sam', more, { poolMax: 5, chart: readChart('.') })['targets/sam/template.yaml'] ?? ''

itWhere(missing)('the template of AWS SAM is one that the linter has nothing to say of', () =>
  expect(lint(template)).toBe(''),
)
