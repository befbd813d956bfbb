import { describe, expect, it } from '@jest/globals'
import { formatMoney, Money } from './money.ts'

describe('money', () => {
  it.each([
    [{ amount: 1999, currency: 'EUR' }, '€19.99'],
    [{ amount: 5, currency: 'USD' }, '$0.05'],
    [{ amount: 123456, currency: 'JPY' }, '¥123,456'],
    [{ amount: 1500, currency: 'KWD' }, 'KWD\u00a01.500'],
  ])('%o reads %s', (money, text) => {
    expect(formatMoney(money)).toBe(text)
  })

  it.each([
    { amount: 19.99, currency: 'EUR' },
    { amount: -1, currency: 'EUR' },
    { amount: 1, currency: 'eur' },
    { amount: 1, currency: 'QQQ' },
    { amount: Number.MAX_SAFE_INTEGER + 1, currency: 'EUR' },
  ])('%o is invalid', (money) => {
    expect(Money.safeParse(money).success).toBe(false)
  })
})
