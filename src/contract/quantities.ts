const CPU = /^(\d+m|\d+(\.\d{1,3})?)$/
const MEMORY = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|k|M|G)?$/
const BYTES: Readonly<Record<string, number>> = {
  ...{ k: 1e3, M: 1e6, G: 1e9 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 },
}

/** The bytes of a quantity such as `128Mi`; NaN where it is none. */
export function bytesOf(quantity: string): number {
  const [, number, unit = ''] = MEMORY.exec(quantity) ?? []
  return number === undefined ? Number.NaN : Number(number) * (BYTES[unit] ?? 1)
}

/** The CPUs of a quantity such as `250m`; NaN where it is none. */
export const cpusOf = (quantity: string): number =>
  CPU.test(quantity) ? Number.parseFloat(quantity) / (quantity.endsWith('m') ? 1_000 : 1) : Number.NaN
