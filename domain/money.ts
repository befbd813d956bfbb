import * as z from 'zod'

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'))

/** An amount in the currency's minor unit (ISO 4217): `{ amount: 1999, currency: 'EUR' }` is 19.99 euros. */
export const Money = z
  .object({
    amount: z.int().min(0).meta({ example: 8900 }),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .refine((code) => CURRENCIES.has(code), 'Not a currency of ISO 4217')
      .meta({ example: 'EUR' }),
  })
  .meta({ id: 'Money' })

/** Formats money for people, in English: `€19.99`. */
export function formatMoney({ amount, currency }: z.infer<typeof Money>): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency })
  const { maximumFractionDigits: digits = 0 } = format.resolvedOptions()
  return format.format(amount / 10 ** digits)
}
