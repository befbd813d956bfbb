import { readFileSync } from 'node:fs'
import { it } from '@jest/globals'
import { expectGoldenFile } from '../support/golden-file.ts'
import { conformanceTable } from './conformance-table.ts'

/** The table below "What has run". */
const TABLE = /(?<=By the one \[suite[^\n]*\n\n)(\|[^\n]*\n)+/

it('README says of each target what its newest run says', () => {
  const readme = readFileSync('README.md', 'utf8')
  expectGoldenFile('README.md', readme.replace(TABLE, conformanceTable()))
})
