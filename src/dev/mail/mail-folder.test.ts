import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createTransport } from 'nodemailer'
import { createMailFolder } from './mail-folder.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-mail-'))
})
afterAll(() => rm(folder, { recursive: true }))

const TRACE = '0af7651916cd43dd8448eb211c80319c'

async function makeMail(subject: string, html?: string): Promise<Buffer> {
  const { message } = await createTransport({ streamTransport: true, buffer: true }).sendMail({
    ...{ from: { name: 'Größe & Söhne', address: 'shop@shop.example' }, to: ['ada@example.com', 'ben@example.com'] },
    ...{ subject, text: 'Grüße, 10 € günstiger', ...(html === undefined ? {} : { html }) },
    headers: { traceparent: `00-${TRACE}-b7ad6b7169203331-01`, 'x-correlation-id': 'c-1' },
  })
  // As `buffer` asks for.
  return message as Buffer
}
const write = (id: string, mail: Buffer) => writeFile(join(folder, `${id}.eml`), mail)

it('shows a mail as its reader sees it', async () => {
  await write('order-7@shop.example', await makeMail('Größe geändert – 10 €', '<p style="color: red">Grüße'))
  expect(await createMailFolder(folder).find('order-7@shop.example')).toMatchObject({
    ...{ id: 'order-7@shop.example', subject: 'Größe geändert – 10 €', to: ['ada@example.com', 'ben@example.com'] },
    ...{ from: 'Größe & Söhne <shop@shop.example>', correlationId: 'c-1', traceId: TRACE },
    ...{ text: expect.stringContaining('10 € günstiger'), html: expect.stringContaining('Grüße') },
  })
})

it('lists the newest first, and no more than a hundred', async () => {
  const mail = await makeMail('One of many')
  for (let n = 0; n < 101; n++) {
    await write(`n${n}@shop.example`, mail)
    await utimes(join(folder, `n${n}@shop.example.eml`), n + 1, n + 1)
  }
  const listed = await createMailFolder(folder).list()
  expect(listed).toHaveLength(100)
  expect(listed.slice(0, 2).map(({ id }) => id)).toEqual(['order-7@shop.example', 'n100@shop.example'])
  expect(listed[1]).toMatchObject({ html: null, at: '1970-01-01T00:01:41.000Z' })
})

it('knows no mail outside its folder, none that is not there, and none while there is no folder', async () => {
  await writeFile(join(folder, '../outside.eml'), 'Subject: no\n\nno')
  for (const id of ['../outside', 'order-8@shop.example', ''])
    expect(await createMailFolder(folder).find(id)).toBeUndefined()
  await rm(join(folder, '../outside.eml'))
  expect(await createMailFolder(join(folder, 'none')).list()).toEqual([])
})

it('shows a file that is no mail as far as it can be read', async () => {
  await write('odd', Buffer.from([0, 255, 10, 13, 200]))
  expect(await createMailFolder(folder).find('odd')).toMatchObject({ from: '', to: [], subject: '' })
})
