import { describe, expect, it } from '@jest/globals'
import { findSimilar } from '../kernel/find-similar.ts'
import { ConfigError } from '../kernel/index.ts'
import { chooseForm } from './choose-form.ts'
import { type Command, flag, text, usageError } from './command.ts'
import { type Form, form } from './form.ts'
import { parseArguments } from './parse-arguments.ts'
import { runVerb } from './run-verb.ts'
import { UsageError } from './usage-error.ts'

const readCount = (given: string) => {
  if (!/^\d+$/.test(given)) throw new ConfigError('--count must be a whole number')
  return Number(given)
}

const FORM: Form = form({
  description: 'A test.',
  arguments: {
    name: { value: 'NAME', required: true, description: 'A name.' },
    others: { value: 'OTHER', repeated: true, description: 'Others.' },
  },
  options: {
    url: { value: 'URL', required: true, description: 'An address.' },
    count: { value: 'N', read: readCount, default: '3', description: 'A number.' },
    shell: { value: 'SHELL', choices: ['bash', 'zsh'], description: 'A shell.' },
    tag: { value: 'TAG', repeated: true, description: 'Tags.' },
    json: { short: 'j', description: 'A flag.' },
  },
  examples: [],
  run: async () => {},
})
const parse = (...args: readonly string[]) => parseArguments('test', FORM, args)

describe('the arguments of a form', () => {
  it('have a value for all that is described', () => {
    expect(parse('a', '--url', 'x')).toEqual({
      ...{ name: 'a', others: [], url: 'x', count: 3, shell: undefined, tag: [], json: false },
    })
    expect(
      parse('--json', '--url=-x', '--count', '4', '--shell=zsh', '--tag', 'p', '--tag=q', 'a', '--', '-b', 'c'),
    ).toEqual({
      ...{ name: 'a', others: ['-b', 'c'], url: '-x', count: 4, shell: 'zsh', tag: ['p', 'q'], json: true },
    })
    expect(parse('a', '-j', '--url', '-', '--url', 'last')).toMatchObject({ url: 'last', json: true })
  })

  it.each([
    [[], 'ebb test needs NAME. '],
    [['a'], 'ebb test needs --url URL. '],
    [['a', '--urll', 'x'], 'ebb test has no option --urll; did you mean --url? '],
    [['a', '--constructor'], 'ebb test has no option --constructor. '],
    [['a', '-x'], 'ebb test has no option -x'],
    [['a', '--no-json'], 'ebb test has no option --no-json'],
    [['a', '--url'], '--url needs a value: --url=URL. '],
    [['a', '--url', '--json'], '--url needs a value: --url=URL. '],
    [['a', '--url', 'x', '--json=yes'], '--json takes no value. '],
    [['a', '--url', 'x', '--shell', 'bsh'], '--shell is bash or zsh, not bsh; did you mean bash? '],
    [['a', '--url', 'x', '--shell', 'tcl'], '--shell is bash or zsh, not tcl. '],
    [['a', '--url', 'x', '--count', 'many'], '--count must be a whole number'],
  ])('%j are refused in one sentence', (args, sentence) => {
    const error = refusalOf(() => parse(...args))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message.slice(0, sentence.length)).toBe(sentence)
    if (sentence.endsWith(' ')) expect(error.message).toMatch(/ ebb test --help describes it\.$/)
  })

  it('are refused where there are too many', () => {
    const none = form({ description: 'A test.', examples: [], run: async () => {} })
    expect(refusalOf(() => parseArguments('test', none, ['a', 'b'])).message).toMatch(
      /^ebb test takes no further argument, and was given a b\. /,
    )
  })
})

const refusalOf = (run: () => unknown): Error => {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was refused')
}

describe('the form of a verb', () => {
  const named = (word?: string) =>
    form({ ...(word ? { word } : {}), description: '', examples: [], run: async () => {} })
  const [list, show, whole] = [named('list'), named('show'), named()]

  it('is chosen by its word, wherever that stands', () => {
    expect(chooseForm('events', [list, show], ['--json', 'show', '7'])).toEqual({
      ...{ form: show, name: 'events show', args: ['--json', '7'] },
    })
    const only = form({
      description: '',
      options: { only: { value: 'TEXT', description: '' } },
      examples: [],
      run: async () => {},
    })
    expect(chooseForm('events', [only, show], ['--only', 'show'])).toMatchObject({
      form: only,
      args: ['--only', 'show'],
    })
    expect(chooseForm('events', [only, show], ['--only=show', 'show'])).toMatchObject({
      form: show,
      args: ['--only=show'],
    })
    expect(chooseForm('render', [whole, show], ['--check'])).toEqual({ form: whole, name: 'render', args: ['--check'] })
  })

  it.each([
    [[], 'ebb events needs one of list, show. '],
    [['lsit'], 'there is no ebb events lsit; did you mean ebb events list? '],
    [['frob'], 'there is no ebb events frob; there are list, show. '],
  ])('is needed, and known: %j', (args, sentence) => {
    const error = refusalOf(() => chooseForm('events', [list, show], args))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toBe(`${sentence}ebb events --help describes it.`)
  })
})

describe('a command that parses its arguments itself', () => {
  it('gets all of them', async () => {
    const calls: unknown[] = []
    const command: Command = {
      ...{ usage: ['old NAME'], description: 'as before' },
      run: async (project, args) => {
        if (args.length === 0) throw usageError(command)
        calls.push([project, args, text, flag])
      },
    }
    await runVerb('old', command, { project: '/p', args: ['a', '--b'] })
    expect(calls).toEqual([['/p', ['a', '--b'], { type: 'string' }, { type: 'boolean', default: false }]])
    const refused = runVerb('old', command, { project: '/p', args: [] })
    await expect(refused).rejects.toThrow(new UsageError('usage:\n  ebb old NAME'))
  })
})

describe('what was probably meant', () => {
  it.each([
    ['chek', 'check'],
    ['remvoe', 'remove'],
    ['evnets', 'events'],
    ['ident', 'identity-keys'],
    ['mok', 'mock'],
    ['xyzzy', undefined],
    ['', undefined],
    ['c', undefined],
  ])('%s: %s', (word, meant) => {
    expect(findSimilar(word, ['check', 'remove', 'events', 'identity-keys', 'mock'])).toBe(meant)
  })
})
