import { describe, expect, it } from '@jest/globals'
import { type Renames, renameNames } from './rename-names.ts'

const RENAMES: Renames = {
  renamed: [
    { module: 'ebb/data', name: 'HttpFault', to: 'HttpError' },
    { module: 'ebb/data', name: 'Resource.lend', to: 'bind' },
  ],
  values: [{ module: 'ebb/data', name: 'HttpError.name', from: 'HttpFault', to: 'HttpError' }],
  removed: [{ module: 'ebb/http', names: ['createApp'], instead: 'Use serve().' }],
}
const rename = (source: string) => renameNames('a.ts', source, RENAMES)
const IMPORT = "import { HttpFault } from 'ebb/data'\n"
const RENAMED = "import { HttpError } from 'ebb/data'\n"
const ALIASED = "import { HttpError as HttpFault } from 'ebb/data'\n"

describe('a name that is imported', () => {
  it.each([
    [
      'where it is used',
      `${IMPORT}if (e instanceof HttpFault) f<HttpFault>(a ? HttpFault : b)`,
      `${RENAMED}if (e instanceof HttpError) f<HttpError>(a ? HttpError : b)`,
    ],
    [
      'but not in texts, comments and regular expressions',
      `${IMPORT}// HttpFault\nf('HttpFault', /HttpFault/, \`HttpFault \${HttpFault}\`)`,
      `${RENAMED}// HttpFault\nf('HttpFault', /HttpFault/, \`HttpFault \${HttpError}\`)`,
    ],
    [
      'but not as a property of something else',
      `${IMPORT}x.HttpFault = HttpFault`,
      `${RENAMED}x.HttpFault = HttpError`,
    ],
    [
      'among others',
      "import d, { type HttpFault, sql as s } from 'ebb/data'\nlet e: HttpFault",
      "import d, { type HttpError, sql as s } from 'ebb/data'\nlet e: HttpError",
    ],
    [
      'under its own alias',
      "import { HttpFault as F } from 'ebb/data'\nF",
      "import { HttpError as F } from 'ebb/data'\nF",
    ],
    [
      'in the import only, where the new name is taken',
      `${IMPORT}class HttpError {}\nHttpFault`,
      `${ALIASED}class HttpError {}\nHttpFault`,
    ],
    ['in the import only, where it is a property, too', `${IMPORT}f({ HttpFault })`, `${ALIASED}f({ HttpFault })`],
    [
      'in the import only, where it is exported, too',
      `${IMPORT}export { HttpFault }`,
      `${ALIASED}export { HttpFault }`,
    ],
    [
      'where it is exported from there',
      "export { HttpFault } from 'ebb/data'",
      "export { HttpError as HttpFault } from 'ebb/data'",
    ],
    [
      'of a namespace',
      "import * as data from 'ebb/data'\ndata.HttpFault; x.data.HttpFault",
      "import * as data from 'ebb/data'\ndata.HttpError; x.data.HttpFault",
    ],
    ['as a type', "let e: import('ebb/data').HttpFault", "let e: import('ebb/data').HttpError"],
    [
      'of another module: never',
      "import { HttpFault } from './data.ts'\nHttpFault",
      "import { HttpFault } from './data.ts'\nHttpFault",
    ],
  ])('is replaced %s', (_where, source, expected) => {
    expect(rename(source).text).toBe(expected)
    expect(rename(expected).text).toBe(expected)
  })
})

describe('a member of an imported type', () => {
  const R = "import { resource } from 'ebb/data'\n"

  it.each([
    [
      'a method',
      'resource({ stores: [], async lend(c) { return c } })',
      'resource({ stores: [], async bind(c) { return c } })',
    ],
    ['a property', 'resource({ lend: async (c) => c })', 'resource({ bind: async (c) => c })'],
    ['a variable as one', 'resource({ open, lend })', 'resource({ open, bind: lend })'],
    ['what is called', 'r.lend(c); r?.lend(c)', 'r.bind(c); r?.bind(c)'],
    [
      'not a variable',
      'const lend = f(a, lend(b)); (x: T, lend: L) => lend',
      'const lend = f(a, lend(b)); (x: T, lend: L) => lend',
    ],
  ])('is replaced: %s', (_what, source, expected) => {
    expect(rename(R + source).text).toBe(R + expected)
    expect(rename(R + expected).text).toBe(R + expected)
  })

  it('stays where that type is not imported', () => {
    const source = "import { sql } from 'ebb/data'\nlibrary.lend(book)"
    expect(rename(source).text).toBe(source)
  })
})

describe('a text that programs compare with', () => {
  it('is replaced where it is compared', () => {
    const source = `${RENAMED}if (e.name === 'HttpFault') f()`
    expect(rename(source)).toEqual({ text: `${RENAMED}if (e.name === 'HttpError') f()`, notes: [] })
  })

  it('is left to a person elsewhere', () => {
    const source = `${RENAMED}const NAMES = ['HttpFault']`
    expect(rename(source)).toEqual({
      text: source,
      notes: ["a.ts:2: 'HttpFault' is 'HttpError' now, where it is HttpError.name"],
    })
  })
})

it('says of a name that is gone where it is and what to use', () => {
  const source = "import { serve } from 'ebb/http'\nimport { createApp } from 'ebb/http'"
  expect(rename(source).notes).toEqual(['a.ts:2: createApp is gone from ebb/http. Use serve().'])
})

it('leaves a file alone that it cannot read, and says so', () => {
  const source = `${IMPORT}f('open`
  expect(rename(source)).toEqual({ text: source, notes: ['a.ts cannot be read: rename in it by hand'] })
  expect(rename("f('open")).toEqual({ text: "f('open", notes: [] })
})
