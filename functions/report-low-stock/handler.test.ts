import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import reportLowStock from './handler.ts'

const fn = testFunction(reportLowStock)
const mails = async (id: string) => (await readdir(fn.mailFolder())).filter((file) => file.startsWith(id))

describe('report-low-stock', () => {
  beforeEach(() => fn.query('update products set stock = 100'))

  it('204 mails once what is about to sell out, least first, and what it is called is no markup', async () => {
    await fn.query(`update products set stock = 4, name = '<b>Lamp</b>' where sku = 'LAMP-BRASS-01'`)
    await fn.query(`update products set stock = 0 where sku = 'TEA-BREW-01'`)
    await fn.query(`update products set stock = 5 where sku = 'CLOCK-TIDE-01'`)
    const firing = { id: randomUUID(), plannedAt: '2026-01-05T06:00:00.000Z' }
    expect((await fn.fire(firing)).status).toBe(204)
    expect((await fn.fire(firing)).status).toBe(204)
    const files = await mails(firing.id)
    expect(files).toHaveLength(1)
    const text = (await readFile(join(fn.mailFolder(), files[0] ?? ''), 'utf8')).replaceAll(/=\r?\n/g, '')
    expect(text).toContain('Subject: 2 products are about to sell out')
    expect(text).toMatch(/0 {2}First Flush Darjeeling, 100 g \(TEA-BREW-01\)\r?\n4 {2}<b>Lamp<\/b> \(LAMP-BRASS-01\)/)
    expect(text).toContain('<td>&#60;b&#62;Lamp&#60;/b&#62;</td>')
    expect(text).not.toContain('CLOCK-TIDE-01')
  })

  it('204 without a mail where nothing is', async () => {
    const firing = { id: randomUUID() }
    expect((await fn.fire(firing)).status).toBe(204)
    expect(await mails(firing.id)).toEqual([])
  })

  it('401 without Ebb-Identity', async () => {
    await (await fn.unsigned()).post('/').send({}).expect(401)
  })
})
