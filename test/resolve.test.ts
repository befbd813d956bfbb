import { execFileSync } from 'node:child_process'
import { describe, expect, it } from '@jest/globals'
import { build } from 'esbuild'

/** What `ebb/contract` is, whatever resolves it. */
const PROGRAM =
  "import { endpoint, Problem } from 'ebb/contract'; console.log(typeof endpoint, new Problem('a', 400, 'b').code)"
const SAYS = 'function a\n'

describe('ebb/contract resolves', () => {
  it('in Node', () => {
    expect(execFileSync('node', ['--input-type=module', '--eval', PROGRAM], { encoding: 'utf8' })).toBe(SAYS)
  })

  it('in jest', async () => {
    const { endpoint, Problem } = await import('ebb/contract')
    expect(`${typeof endpoint} ${new Problem('a', 400, 'b').code}\n`).toBe(SAYS)
  })

  it('in esbuild', async () => {
    const stdin = { contents: PROGRAM, resolveDir: process.cwd() }
    const { outputFiles } = await build({ stdin, bundle: true, platform: 'node', format: 'cjs', write: false })
    expect(execFileSync('node', ['-'], { input: outputFiles[0]?.text, encoding: 'utf8' })).toBe(SAYS)
  })
})
