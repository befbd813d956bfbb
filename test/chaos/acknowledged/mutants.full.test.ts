import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { applyEdit, MUTANTS } from './mutants.ts'

it.each(MUTANTS)('a mutant can be made of the code: $name', ({ file, edits }) => {
  const source = readFileSync(file, 'utf8')
  expect(edits.reduce(applyEdit, source)).not.toBe(source)
})
