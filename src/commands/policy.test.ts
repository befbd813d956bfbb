import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { TEST_PROJECT } from '../../test/support/project.ts'
import { policyCommand } from './policy.ts'
import { runVerb } from './run-verb.ts'

/** What the command prints, and the code that it ends with; a thrown error is printed by the command line. */
async function ebb(...args: readonly string[]) {
  process.exitCode = 0
  const print = jest.spyOn(process.stdout, 'write').mockImplementation(() => true)
  try {
    const stderr = await runVerb('policy', policyCommand, { project: folder, args }).then(
      () => '',
      (error: Error) => error.message,
    )
    const lines = print.mock.calls
      .map(([text]) => String(text))
      .join('')
      .trimEnd()
      .split('\n')
    return { code: stderr === '' ? (process.exitCode ?? 0) : 1, lines, stderr }
  } finally {
    print.mockRestore()
    process.exitCode = 0
  }
}

/** A project with a policy and with people. */
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-policy-'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  await cp(join(TEST_PROJECT, 'domain/policy'), join(folder, 'domain/policy'), { recursive: true })
  await cp(join(TEST_PROJECT, 'domain/roles.ts'), join(folder, 'domain/roles.ts'))
  writeFileSync(
    join(folder, 'domain/people.ts'),
    `export const people = {
    ada: { name: 'Ada', email: 'ada@example.com', roles: ['customer'], tenant: 'acme' },
  }`,
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ORDER = ['--with', 'owner=ada', '--with', 'cents=100', '--with', 'state=placed']

describe('ebb policy explain', () => {
  it('yes, by the line that allows it, and why the others do not apply', async () => {
    expect(await ebb('explain', '--as', 'ada', 'cancel', 'order:17', ...ORDER)).toEqual({
      code: 0,
      stderr: '',
      lines: [
        'yes  ada may cancel order:17: domain/policy/policy.csv:2',
        '',
        'domain/policy/policy.csv',
        "    2  p, *, cancel, order, r.object.owner == r.caller.sub && r.object.state == 'placed'",
        '       allows it',
        '    3  p, merchant, cancel, order, r.object.cents <= 100000',
        '       it is for the role merchant, and ada has customer',
        '    5  p, manager, *, order',
        '       it is for the role manager, and ada has customer',
      ],
    })
  })

  it('no, and which part of each line is false', async () => {
    const { code, lines } = await ebb(
      'explain',
      '--as',
      'merchant',
      'cancel',
      'order:17',
      ...ORDER.with(3, 'cents=100001'),
    )
    expect([code, ...lines]).toEqual([
      1,
      'no  merchant may cancel order:17: no line of domain/policy applies',
      '',
      'domain/policy/policy.csv',
      "    2  p, *, cancel, order, r.object.owner == r.caller.sub && r.object.state == 'placed'",
      '       r.object.owner == r.caller.sub is false: r.object.owner is "ada", r.caller.sub is "merchant"',
      '    3  p, merchant, cancel, order, r.object.cents <= 100000',
      '       r.object.cents <= 100000 is false: r.object.cents is 100001',
      '    5  p, manager, *, order',
      '       it is for the role manager, and merchant has merchant',
    ])
  })

  it('no where a line refuses what another one allows, as JSON', async () => {
    const { code, lines } = await ebb(
      'explain',
      '--as',
      'max',
      '--role',
      'manager',
      'refund',
      'order',
      ...ORDER,
      '--json',
    )
    expect([code, JSON.parse(lines.join(''))]).toMatchObject([
      1,
      {
        allowed: false,
        reason: 'domain/policy/policy.csv:6',
        caller: { sub: 'max', roles: ['manager'] },
        type: 'order',
      },
    ])
  })

  it('yes about a type by itself', async () => {
    expect((await ebb('explain', '--as', 'merchant', 'list', 'order')).lines[0]).toBe(
      'yes  merchant may list order: domain/policy/policy.csv:4',
    )
  })

  it("no about another tenant's", async () => {
    expect(await ebb('explain', '--as', 'ada', 'cancel', 'order', ...ORDER, '--with', 'tenant=evil')).toMatchObject({
      code: 1,
      lines: ['no  ada may cancel order: it is of the tenant evil, and ada of acme'],
    })
  })

  it.each([
    [
      ['cancle', 'order:17'],
      'domain/policy/model.conf declares no action cancle of order; there are list, read, cancel, refund',
    ],
    [['cancel', 'order:17'], 'domain/policy/policy.csv:2 reads order.owner, which this object does not have'],
  ])('%j is one sentence', async (args, message) => {
    const { code, stderr } = await ebb('explain', '--as', 'ada', ...args)
    expect([code, stderr]).toEqual([1, `${message}; --with NAME=VALUE says what a thing has`])
  })
})

describe('ebb policy check', () => {
  it('says that nothing is wrong, and what nobody may do', async () => {
    const { code, lines } = await ebb('check')
    expect([code, ...lines]).toEqual([0, 'domain/policy: 5 rules, and nothing wrong in them'])
  })

  it('names file and line of each fault', async () => {
    writeFileSync(join(folder, 'domain/policy/policy.csv'), 'p, merchant, reed, order\np, merchant, read, ordr\n')
    expect(await ebb('check')).toMatchObject({
      code: 1,
      stderr:
        'domain/policy/policy.csv:1: type order has no action reed in model.conf; there are list, read, cancel, refund\n' +
        'domain/policy/policy.csv:2: there is no type ordr in model.conf; there are order',
    })
    writeFileSync(join(folder, 'domain/policy/policy.csv'), 'p, merchant, *, order, r.caller.sub != "eve"\n')
    expect((await ebb('check')).code).toBe(0)
  })
})
