import { ValueFault } from './value-fault.ts'

/** What JSON says. Throws a ValueFault where a number in it has digits that a number of JavaScript has not. */
export function readJson(text: string): unknown {
  return MAY_LOSE_DIGITS.test(text) ? JSON.parse(text, checkNumber) : JSON.parse(text)
}

/** Whatever has fewer digits and no exponent is read as it is; a reviver costs several times the parsing. */
const MAY_LOSE_DIGITS = /[\d.]{16}|\d[eE][-+\d]/

/** `source` is the text of a number or another plain value (ES2026). */
function checkNumber(_key: string, value: unknown, { source }: { readonly source?: string } = {}): unknown {
  if (typeof value === 'number' && source !== undefined && decimalOf(source) !== decimalOf(String(value)))
    throw new ValueFault('a number in it has more digits than one of JavaScript; select that member as text (->>)')
  return value
}

/** One spelling for each decimal: its digits without zeros around them, and where the point is. */
function decimalOf(source: string): string {
  const [, whole = '', fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(source) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (whole === '') return source
  return significant && `${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`
}
