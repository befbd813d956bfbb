import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { shellLines } from '../support/console-steps.ts'
import { findProgram } from '../support/find-program.ts'
import { itWhere } from '../support/requirements.ts'
import { blocksOf, PAGES } from './page-blocks.ts'
import { ELSEWHERE } from './shell-commands.ts'

const lines = PAGES.flatMap((page) =>
  blocksOf(page)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text, place }) => shellLines(text).map((line) => ({ line, place }))),
)
const ofKubectl = lines.filter(({ line }) => line.startsWith('kubectl '))
const kubectl = findProgram('kubectl')

describe('a command that needs what no test machine has to have', () => {
  it('is run by another test, or is one of helm (test/docs/guide.full.test.ts, test/chart/documented.test.ts) or kubectl', () => {
    const others = lines.filter(({ line }) => !/^(helm|kubectl) /.test(line))
    expect(others.length).toBeGreaterThan(5)
    expect(others.filter(({ line }) => !(line in ELSEWHERE))).toEqual([])
    for (const { line } of others) expect(readFileSync(ELSEWHERE[line] ?? '', 'utf8')).not.toBe('')
  })

  it('is in a page: no list of those that are gone', () => {
    const written = new Set(lines.map(({ line }) => line))
    expect(Object.keys(ELSEWHERE).filter((line) => !written.has(line))).toEqual([])
  })

  for (const { line, place } of ofKubectl) {
    itWhere(kubectl ? undefined : 'no kubectl on PATH')(`has options that kubectl has: ${line}`, () => {
      const words = line.split(/\s+/).slice(1)
      const verbs = words.slice(
        0,
        words.findIndex((word) => !/^[a-z-]+$/.test(word) || word.startsWith('-')),
      )
      const help = helpOf(verbs.length > 0 ? verbs : words.slice(0, 1))
      const options = words.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0] ?? '')
      expect([place, options.filter((option) => !help.includes(option))]).toEqual([place, []])
    })
  }
})

/** The help of the longest command that these words begin with, global options included. */
function helpOf(words: readonly string[]): string {
  const run = (...args: readonly string[]) => execFileSync(kubectl ?? '', args, { encoding: 'utf8' })
  return run(...words, '--help') + run('options')
}
