import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawnCli } from '../../test/support/cli.ts'
import { findProgram } from '../../test/support/find-program.ts'
import { describeWhere } from '../../test/support/requirements.ts'
import { verbs } from './verbs.ts'

/** A project with two functions and two people, and the scripts beside it. */
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-completion-'))
  for (const name of ['place-order', 'get-order']) {
    mkdirSync(join(folder, 'functions', name), { recursive: true })
    writeFileSync(join(folder, 'functions', name, 'contract.ts'), '')
  }
  mkdirSync(join(folder, 'domain'))
  writeFileSync(
    join(folder, 'domain/people.ts'),
    "export const people = {\n  ada: { roles: [] },\n  'b.o': { roles: [] },\n}\n",
  )
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout, stderr } = await spawnCli(['completion', shell]).ended
    expect([code, stderr]).toEqual([0, ''])
    writeFileSync(join(folder, shell), `${stdout}\n`)
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What each of these command lines is completed with, the last word being the one that is typed. */
const CASES: readonly (readonly [line: string, words: readonly string[]])[] = [
  ['ebb ev', ['events']],
  ['ebb events ', ['list', 'show', 'redrive', 'edit', 'drop', 'archive']],
  ['ebb events list --st', ['--state']],
  ['ebb events list --state ', ['waiting', 'leased', 'done', 'dead', 'dropped']],
  ['ebb events list --state de', ['dead']],
  ['ebb events redrive --dry', ['--dry-run']],
  ['ebb events show --', ['--admin', '--data', '--json', '--help']],
  ['ebb check --', ['--url', '--env', '--admin', '--key', '--origin', '--json', '--help']],
  ['ebb check --url http://localhost --j', ['--json']],
  ['ebb render --openfaas ', ['ce', 'pro']],
  ['ebb render sec', ['secrets']],
  ['ebb render --ch', ['--check']],
  ['ebb invoke ', ['get-order', 'place-order']],
  ['ebb invoke --json pl', ['place-order']],
  ['ebb build get-order pl', ['place-order']],
  ['ebb token --as ', ['ada', 'b.o']],
  ['ebb token --as a', ['ada']],
  ['ebb completion ', ['bash', 'zsh', 'fish']],
  ['ebb help re', ['remove', 'render']],
]

const run = (program: string, ...args: readonly string[]) =>
  execFileSync(program, [...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 120_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
const sorted = (words: readonly string[]) => [...words].sort()
const linesOf = (text: string) => sorted(text.split('\n').filter((line) => line !== ''))

const hasNo = (shell: string) => (findProgram(shell) ? undefined : `no ${shell} on PATH`)

describeWhere(hasNo('bash'))('the completions for bash', () => {
  const complete = (line: string) => {
    const words = line.split(' ').map((word) => `'${word}'`)
    const program = `source ./bash; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _ebb; printf '%s\\n' "\${COMPREPLY[@]}"`
    return linesOf(run('bash', '--norc', '-u', '-c', program))
  }

  it('know every verb', () => {
    expect(complete('ebb ')).toEqual(sorted(Object.keys(verbs)))
    expect(run('bash', '--norc', '-c', 'source ./bash; complete -p ebb').trim()).toMatch(/ -F _ebb ebb$/)
  })

  it.each(CASES)('%s', (line, words) => {
    expect(complete(line)).toEqual(sorted(words))
  })

  it('leave files to bash', () => {
    expect(complete('ebb build --out ')).toEqual([])
  })
})

describeWhere(hasNo('fish'))('the completions for fish', () => {
  const complete = (line: string) =>
    linesOf(run('fish', '--no-config', '-c', `source ./fish; complete -C '${line}'`)).map(
      (found) => found.split('\t')[0] ?? '',
    )

  it('know every verb', () => {
    expect(complete('ebb ')).toEqual(sorted(Object.keys(verbs)))
  })

  it.each(CASES)('%s', (line, words) => {
    expect(complete(line)).toEqual(sorted(words))
  })

  it('complete files where one is expected', () => {
    expect(complete('ebb invoke --event func')).toEqual(['functions/'])
  })
})

describeWhere(hasNo('zsh'))('the completions for zsh', () => {
  // An interactive zsh completes what is typed into it, and then runs a command that prints what it was given.
  const START = `
    zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell 'unset HISTFILE; PS1=; ebb() { print -r -- "GOT<$*>" }; LISTMAX=999'
    zpty -w shell 'autoload -Uz compinit; compinit -u -D; source ./zsh; print RE""ADY'
    zpty -r shell out '*READY*'`
  const type = (lines: readonly string[], print: string) =>
    run(
      'zsh',
      ...['-f', '-c'],
      `${START}
      for line in "$@"; do
        zpty -w -n shell "$line"$'\\t\\n'
        zpty -r shell out '*GOT<*>*'
        ${print}
      done
      zpty -d shell`,
      ...['zsh', ...lines],
    )
  const unique = CASES.filter(([, words]) => words.length === 1)

  it('complete what only one word fits to', () => {
    const typed = unique.map(([line]) => line)
    const got = type(typed, `out=\${out##*GOT<}; print -r -- "\${out%%>*}"`).trimEnd().split('\n')
    expect(got.map((line) => line.trimEnd())).toEqual(
      unique.map(([line, [word = '']]) => [...line.split(' ').slice(1, -1), word].join(' ')),
    )
  })

  it('list what is possible where there is more', () => {
    const listed = type(['ebb '], 'print -r -- "$out"')
    for (const name of Object.keys(verbs)) expect(listed).toContain(name)
  })
})

describe('ebb completion', () => {
  it('of another shell is refused', async () => {
    const { code, stderr } = await spawnCli(['completion', 'tcsh']).ended
    expect([code, stderr]).toEqual([
      2,
      'ebb: SHELL is bash, zsh or fish, not tcsh. ebb completion --help describes it.\n',
    ])
  })
})
