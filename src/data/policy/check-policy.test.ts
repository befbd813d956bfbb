import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { checkPolicy } from './check-policy.ts'
import { conjunctsOf } from './expressions.ts'
import { describeFaults } from './policy-files.ts'

const MODEL = readFileSync('test/project/domain/policy/model.conf', 'utf8')
const LINE = 'p, clerk, read, order'
const check = async (policy: string, model = MODEL) =>
  describeFaults('', await checkPolicy({ folder: '', model, policy })).replaceAll(/^\//gm, '')

it.each([
  ['q, clerk, read, order', 'a line begins with p for a rule or g for a role, and not with "q"'],
  ['p, clerk, read', 'write p, role, action, type, [when], [eft], and a field with commas in "quotes"'],
  [`${LINE}, true, allow, more`, 'write p, role, action, type, [when], [eft], and a field with commas in "quotes"'],
  ['p, , read, order', 'write p, role, action, type, [when], [eft], and a field with commas in "quotes"'],
  ['p, clerk, reed, order', 'type order has no action reed in model.conf; there are list, read, cancel, refund'],
  ['p, clerk, reed, *', 'no type has action reed in model.conf; there are list, read, cancel, refund'],
  ['p, clerk, read, ordr', 'there is no type ordr in model.conf; there are order'],
  [`${LINE}, true, maybe`, 'eft must be allow or deny, and not maybe'],
  [`${LINE}, r.object.cents <`, 'Expected expression after < in "r.object.cents <"'],
  [`${LINE}, r.object.a r.object.b`, 'Unclosed ( in "r.object.a r.object.b"'],
  [`${LINE}, true) || (true`, 'the brackets of "true) || (true" do not match'],
  [`${LINE}, owner == r.caller.sub`, 'there is no owner; a request has r.caller, r.action and r.object'],
  [`${LINE}, r.obj.cents < 4`, 'there is no r.obj.cents; a request has r.caller, r.action and r.object'],
  [
    `${LINE}, r.caller.id == r.object.owner`,
    'a caller has no id; there are r.caller.sub, r.caller.roles, r.caller.scopes, r.caller.tenant, r.caller.client',
  ],
  [
    `${LINE}, r.object.state in ['placed']`,
    "write oneOf(r.object.state, 'placed', 'paid'): Casbin's `in` binds weaker than &&",
  ],
  [
    `${LINE}, fetch(r.object.url)`,
    'there is no function fetch; there are hasRole, oneOf, keyMatch, keyGet, keyMatch2, keyGet2, keyMatch3, keyMatch4, keyMatch5, regexMatch, ipMatch, globMatch',
  ],
  [
    `${LINE}, eval(p.when)`,
    'there is no function eval; there are hasRole, oneOf, keyMatch, keyGet, keyMatch2, keyGet2, keyMatch3, keyMatch4, keyMatch5, regexMatch, ipMatch, globMatch',
  ],
  ['g, boss', 'write g, ROLE, ROLE: the first has the rights of the second, too'],
])('in policy.csv, %s: %s', async (line, message) => {
  expect(await check(`# a comment\n\n${line}\n`)).toBe(`policy.csv:3: ${message}`)
})

it('a line that is there twice', async () => {
  expect(await check(`${LINE}\np,clerk,read,order\n`)).toBe(
    'policy.csv:2: it is the same as line 1; delete one of them',
  )
})

it('every fault at once', async () => {
  expect(await check('x\np\ng\n')).toMatch(/^policy\.csv:1: .*\npolicy\.csv:2: .*\npolicy\.csv:3: .*$/)
})

it.each([
  ['[matchers]\nm = ', '[matcher]\nm = ', '14: there is no section [matcher]'],
  ['r = caller, action, object', 'r = sub, obj, act', '3: write r = caller, action, object: what a handler asks'],
  ['p = role, action, type,', 'p = role, action,', '6: a line needs the field type'],
  ['g = _, _', 'g = _, _, _', '9: write g = _, _: one role, and another whose rights it has'],
  [
    'some(where (p.eft == allow)) && ',
    '',
    '12: the effect must refuse what no line allows: write e = some(where (p.eft == allow)) && !some(where (p.eft == deny)), or e = some(where (p.eft == allow)), or e = priority(p.eft) || deny',
  ],
  ['hasRole(r.caller, p.role) && ', '', '15: it does not read p.role, so that what lines say there has no effect'],
  ['eval(p.when)', 'p.when', '15: write eval(p.when): p.when alone is a text'],
  ['eval(p.when)', 'eval(p.when) &', '15: Expected expression after & in "hasRole(r.caller, p.role) && true &"'],
  [
    'eval(p.when)',
    'eval(p.when) && p.owner',
    '15: there is no p.owner; a field is p.role, p.action, p.type, p.when, p.eft, and a request has r.caller, r.action and r.object',
  ],
  [
    'order = list, read, cancel, refund',
    '',
    '1: [actions] is missing, with a line for each type, such as order = read, refund',
  ],
  ['order = list', 'order = li st', '19: "li st" must be a word: letters, digits, - and _, a letter first'],
  ['[actions]', '[matchers]', '18: [matchers] is there twice'],
])('in model.conf, %j as %j: %s', async (from, to, message) => {
  expect(MODEL).toContain(from)
  expect(await check('', MODEL.replace(from, to))).toContain(`model.conf:${message}`)
})

it('nothing in what is right', async () => {
  expect(await check(readFileSync('test/project/domain/policy/policy.csv', 'utf8'))).toBe('')
})

it.each([
  ['a && b', ['a', 'b']],
  [`f(a && b) && c == '&&'`, ['f(a && b)', `c == '&&'`]],
  ['a && b || c', ['a && b || c']],
  ['(a || b) && c', ['(a || b)', 'c']],
])('%s is true where each of %j is', (expression, parts) => {
  expect(conjunctsOf(expression)).toEqual(parts)
})
