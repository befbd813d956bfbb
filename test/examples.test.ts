import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'

/** What an editor shows of each public function: the code behind `@example`. */
const examples = globSync('src/**/*.ts').flatMap((file) => {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\//g)].flatMap(([, comment = '']) => {
    const [, code] = /@example\s([\s\S]*)/.exec(comment.replaceAll(/^[ \t]*\* ?/gm, '')) ?? []
    return code ? [{ file, code: code.trim() }] : []
  })
})

/** What stands around an example: the imports of any function, and things that it speaks of. */
const AROUND = `
import * as z from 'zod'
import { endpoint, event, subscriber } from 'ebb/contract'
import { cache, http, postgres, resource, type Fragment, type Sql } from 'ebb/data'
import { implement } from 'ebb/http'
declare const sql: Sql
declare const [id, sku, quantity]: [string, string, number]
declare const conditions: readonly Fragment[]
const contract = endpoint({
  name: 'look-order', summary: 'Look up an order.', method: 'GET', path: '/v1/orders/{id}', access: { anonymous: true },
  params: z.object({ id: z.string() }), failures: { order_not_found: 404 },
  reply: { status: 200, body: z.object({ id: z.string(), quantity: z.int() }) },
})`

describe('the example of', () => {
  it.each(['endpoint', 'subscriber', 'event', 'implement', 'postgres', 'http', 'cache', 'sql', 'resource'])(
    '%s is there',
    (name) => expect(examples.some(({ code }) => new RegExp(`\\b${name}\\b`).test(code))).toBe(true),
  )

  it('each function compiles', () => {
    // Below the checkout, where `ebb/contract` is found.
    const folder = mkdtempSync('test/.examples-')
    try {
      const files = examples.map(({ code }, i) => {
        const file = join(folder, `${i}.ts`)
        const shared = code.includes('orderPlaced =')
          ? ''
          : `const orderPlaced = event({ type: 'order.placed', data: z.object({}) })`
        writeFileSync(
          file,
          `${AROUND}\n${shared}\n${code}\nvoid [cache, http, postgres, resource, implement, subscriber]\n`,
        )
        return resolve(file)
      })
      writeFileSync(
        join(folder, 'tsconfig.json'),
        JSON.stringify({ extends: resolve('tsconfig.json'), include: [], files }),
      )
      const { stdout } = spawnSync('node_modules/.bin/tsc', ['-p', folder], { encoding: 'utf8' })
      expect(stdout).toBe('')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
