import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { copyCheckout, functionFiles } from '../../test/support/checkout.ts'
import { signers, startBuilt } from '../../test/support/start-built.ts'
import { bundleFunction } from '../build/index.ts'
import { UNCAUGHT_ERROR } from '../kernel/index.ts'

const NAME = 'stay-home'

/** Builds it with one text replaced by another, starts it, and returns how it ended. */
async function startWith(file: string, before: string, after: string) {
  const files = functionFiles(NAME, 'return { pid: 1 }')
  const text = files[file] ?? ''
  expect(text).toContain(before)
  const { root, remove } = await copyCheckout({ ...files, [file]: text.replace(before, after) })
  try {
    const bundle = await bundleFunction(root, NAME, join(root, 'dist'))
    await using started = await startBuilt(bundle.file)
    return { root, ...(await started.ended) }
  } finally {
    await remove()
  }
}

describe('a function that cannot be loaded', () => {
  it('says where the error in its handler is, and ends with status 1', async () => {
    const file = `functions/${NAME}/handler.ts`
    const { root, ...ended } = await startWith(file, 'export default', `\nthrow new Error('no bed')\nexport default`)
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    const [error, place] = ended.stderr.split('\n')
    expect([error, place]).toEqual(['Error: no bed', expect.stringContaining(`${root}/${file}:5:`)])
  })

  it('says where the error in its contract is, and ends with status 1', async () => {
    const file = `functions/${NAME}/contract.ts`
    const { root, ...ended } = await startWith(
      ...([file, `import { endpoint } from 'ebb/contract'`] as const),
      `import { endpoint, event } from 'ebb/contract'; event({ type: 'No Bed', data: undefined })`,
    )
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toMatch(/^TypeError: event .*"No Bed"/)
    expect(ended.stderr).toContain(`${root}/src/contract/event.ts:`)
    expect(ended.stderr).toContain(`${root}/${file}:2:`)
  })
})

it('an uncaught error is logged with its location, and ends a function with status 1', async () => {
  const late = "setTimeout(() => { throw new Error('no sleep') }); return { pid: 1 }"
  const { root, remove } = await copyCheckout(functionFiles(NAME, late))
  try {
    const bundle = await bundleFunction(root, NAME, join(root, 'dist'))
    const token = await (await signers()).gateway({ sub: 'anonymous', scopes: [] }, NAME)
    await using started = await startBuilt(bundle.file)
    const request = { method: 'GET', target: `/v1/${NAME}`, headers: { 'ebb-identity': token }, body: undefined }
    await started.ask(request).catch(() => 'it ended before it could answer')
    const { code, stderr } = await started.ended
    const err = started.log().find(({ msg }) => msg === UNCAUGHT_ERROR)?.err
    const place = expect.stringContaining(`${root}/functions/${NAME}/handler.ts:4:`)
    expect({ code, stderr, err }).toMatchObject({ code: 1, stderr: '', err: { message: 'no sleep', stack: place } })
  } finally {
    await remove()
  }
})
