import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { spawnCli } from '../support/cli.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'

let ebb: TestEbb
beforeAll(async () => {
  ebb = await startEbb()
})
afterAll(() => ebb.stop())

it('ebb check finds nothing wrong with this very Ebb, and wakes only what reads', async () => {
  const { url, keys } = ebb.ready
  const args = ['check', '--url', url, '--key', keys.merchant ?? '', '--origin', 'http://localhost:5173']
  const { code, stdout } = await spawnCli(args).ended
  expect(stdout).not.toContain('FAIL')
  expect(code).toBe(0)
  expect(stdout).toMatch(/\n\d\d passed, 0 failed$/)
  const woken = (await ebb.functions()).filter(({ requests }) => requests > 0).map(({ name }) => name)
  expect(woken.filter((name) => !/^(get|list)-/.test(name))).toEqual([])
})
