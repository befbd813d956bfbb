import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { tokenize } from './tokens.ts'

const textsOf = (source: string, kind: string) =>
  tokenize(source)?.flatMap((token) => (token.kind === kind ? [token.text] : []))

describe('tokenize', () => {
  it('gives all of each source of this repository back', () => {
    const files = globSync('{src,functions,services,domain,test}/**/*.ts')
    expect(files.length).toBeGreaterThan(300)
    const lost = files.filter((file) => {
      const source = readFileSync(file, 'utf8')
      return (
        tokenize(source)
          ?.map(({ text }) => text)
          .join('') !== source
      )
    })
    expect(lost).toEqual([])
  })

  it.each<[string, readonly string[]]>([
    ['a \'b\' // c\n/* d\n e */ "f" g', ['a', 'g']],
    [`\`a \${b + \`c \${d}\` + { e: 1 }.e} f\` + g`, ['b', 'd', 'e', 'e', 'g']],
    ["a = /['b/]c/g.test(d)", ['a', 'test', 'd']],
    ['a / b / c', ['a', 'b', 'c']],
    ['a++ / b / c', ['a', 'b', 'c']],
    ['return /a/', ['return']],
    ['this.#a?.b', ['this', '#a', 'b']],
    ["'it\\'s a' + b", ['b']],
  ])('finds the names in %s', (source, names) => {
    expect(textsOf(source, 'name')).toEqual(names)
  })

  it.each(["'open", '`open ${a', 'a ${`'])('gives up on %s', (source) => {
    expect(tokenize(source)).toBeUndefined()
  })

  it('counts lines', () => {
    expect(tokenize('a\n/*\n*/ b')?.map(({ text, line }) => [text.trim(), line])).toEqual([
      ['a', 1],
      ['/*\n*/', 1],
      ['b', 3],
    ])
  })
})
