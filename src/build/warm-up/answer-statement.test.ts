import { describe, expect, it } from '@jest/globals'
import { answerStatement } from './answer-statement.ts'

const known = [
  { name: 'id', oid: 25, text: 'a' },
  { name: 'name', oid: 25, text: 'Lamp' },
]

/** Tag, names of columns and number of rows. */
function answer(statement: string, values: readonly string[] = []) {
  const { tag, columns, rows } = answerStatement(statement, values, known)
  return [tag, columns?.map(({ name }) => name).join(), rows]
}

describe('a statement', () => {
  it.each([
    ['select * from things', 'SELECT 1', 'id,name', 1],
    ['SELECT things.*, to_money(a, b) as price, "size" from things', 'SELECT 1', 'id,name,price,size', 1],
    ['select *, to_money(a) as name from things', 'SELECT 1', 'id,name', 1],
    ["select (select ')' from x), created_at::text[] at -- where\nfrom things", 'SELECT 1', '?column?,at', 1],
    ['select from ebb.outbox limit 0', 'SELECT 0', '', 0],
    ['select status, body from ebb.idempotency where key = $1', 'SELECT 0', 'status,body', 0],
    ['select * from things limit 500', 'SELECT 100', 'id,name', 100],
    ['insert into things values ($1) on conflict do nothing', 'INSERT 0 1', undefined, 0],
    ['insert into things values ($1) returning id', 'INSERT 0 1', 'id', 1],
    [
      'with a as (update x set y = 1 returning z) insert into b select z from a returning *',
      'INSERT 0 1',
      'id,name',
      1,
    ],
    ['update things set name = $1', 'UPDATE 1', undefined, 0],
    ['delete from things returning *', 'DELETE 1', 'id,name', 1],
    ['rollback to savepoint ebb_claimed', 'ROLLBACK', undefined, 0],
    ['notify ebb_outbox', 'NOTIFY', undefined, 0],
  ])('%s: %s with %p, %i rows', (statement, ...expected) => {
    expect(answer(statement)).toEqual(expected)
  })

  it('begins and ends a transaction, and nothing else does', () => {
    const after = (statement: string) => answerStatement(statement, [], known).transaction
    expect(['begin', 'start transaction', 'begin isolation level serializable'].map(after)).toEqual(['T', 'T', 'T'])
    expect(['commit', 'end', 'rollback'].map(after)).toEqual(['I', 'I', 'I'])
    const others = ['rollback to savepoint a', 'release savepoint a', 'set local a = 1', 'select 1']
    expect(others.map(after)).toEqual([undefined, undefined, undefined, undefined])
  })

  it('takes every lock', () => {
    expect(answerStatement('select pg_try_advisory_xact_lock($1) as taken', ['7'], known).columns).toEqual([
      { name: 'taken', oid: 16, text: 't' },
    ])
  })
})
