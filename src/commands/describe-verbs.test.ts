import { execFileSync } from 'node:child_process'
import { describe, expect, it } from '@jest/globals'
import { chooseForm } from './choose-form.ts'
import type { Command } from './command.ts'
import { describeVerb, describeVerbs, isPlain, usageOf } from './describe-verbs.ts'
import { type Form, form } from './form.ts'
import { parseArguments } from './parse-arguments.ts'
import { verbs } from './verbs.ts'

const A_SENTENCE = /^[A-Z].*[.)]$/s

/** A command line as a shell reads it, with variables that are not set. */
const wordsOf = (line: string) =>
  execFileSync('bash', ['-c', `printf '%s\\0' ${line.replace(/ [|>].*/, '')}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1)

describe('ebb help', () => {
  it('has a line for each verb, in a terminal of 100 columns', () => {
    const lines = describeVerbs(verbs).split('\n')
    for (const [name, { summary }] of Object.entries(verbs)) {
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^  ${name} +${summary.slice(0, 20)}`)))
      expect(summary).toMatch(/^[A-Z].*[^.]$/)
    }
    expect(lines.filter((line) => line.length > 100 && line.startsWith(' '))).toEqual([])
  })
})

describe.each(Object.entries(verbs))('ebb %s --help', (name, verb) => {
  it('has its usage, a sentence for each option and argument, and an example that can be run', async () => {
    const command = await verb.load()
    const help = describeVerb(name, verb, command)
    if (isPlain(command)) {
      for (const usage of command.usage) expect(help).toContain(`ebb ${usage}`)
      return
    }
    const flat = help.replaceAll(/\s+/g, ' ')
    for (const described of command) {
      expect(help).toContain(`Usage: ${usageOf(name, described)}`)
      expect(described.description).toMatch(A_SENTENCE)
      for (const parameter of Object.values({ ...described.arguments, ...described.options })) {
        expect(parameter.description).toMatch(A_SENTENCE)
        expect(flat).toContain(parameter.description)
      }
      for (const option of Object.keys(described.options))
        expect(help).toMatch(new RegExp(`^ +(-\\w, )?--${option}( |$)`, 'm'))
      expect(described.examples.length).toBeGreaterThan(0)
      for (const example of described.examples) {
        expect(help).toContain(`  npx ebb ${example}\n`.trimEnd())
        const [first, ...args] = wordsOf(example)
        const chosen = chooseForm(name, command, args)
        expect([first, chosen.form]).toEqual([name, described])
        parseArguments(chosen.name, chosen.form, chosen.args)
      }
    }
    expect(help.split('\n').filter((line) => line.length > 104)).toEqual([])
  })
})

describe('the help of a form', () => {
  const list: Form = form({
    word: 'list',
    description: 'List things.',
    options: { colour: { value: 'NAME', choices: ['red', 'blue'], default: 'red', description: 'Only these.' } },
    examples: ['things list'],
    run: async () => {},
  })
  const show: Form = form({
    word: 'show',
    description: 'Show a thing.',
    arguments: { id: { value: 'ID', required: true, description: 'Its id.' } },
    options: { from: { value: 'URL', required: true, description: 'Where it is.' } },
    examples: ['things show 7 --from x'],
    run: async () => {},
  })
  const verb = { summary: 'Things', load: async () => [list, show] }

  it('says which values there are, and which one is the default', () => {
    expect(describeVerb('things', verb, [list])).toBe(
      [
        'Usage: ebb things list [options]',
        '',
        'List things.',
        '',
        'Options:',
        '  --colour NAME   Only these. One of red, blue. Default: red.',
        '  -h, --help      Print this help.',
        '',
        'Example:',
        '  npx ebb things list',
      ].join('\n'),
    )
  })

  it('is printed alone when its word is given, and with the others when it is not', () => {
    expect(describeVerb('things', verb, [list, show], 'show')).toMatch(/^Usage: ebb things show ID --from URL\n/)
    const all = describeVerb('things', verb, [list, show])
    expect(all.match(/^ {2}Usage: .*/gm)).toEqual([
      '  Usage: ebb things list [options]',
      '  Usage: ebb things show ID --from URL',
    ])
  })

  it('is the usage of a command that parses its arguments itself', () => {
    const plain: Command = { usage: ['old NAME', 'old --all'], description: 'as before', run: async () => {} }
    expect(describeVerb('old', verb, plain)).toBe('Usage: ebb old NAME\n       ebb old --all\n\nas before')
  })
})
