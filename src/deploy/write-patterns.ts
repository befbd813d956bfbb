import type * as z from 'zod'

const CLASS_OR_CONTROL = /\[(?:[^\]\\]|\\.)*\]|\\([pP])\{Cc\}/g
const CONTROLS = '\\u0000-\\u001f\\u007f-\\u009f'
/** What other languages do not have, or write in another way: properties of Unicode, named groups, look-behinds. */
const NOT_PORTABLE = /\\[pPk][{<]|\(\?<|\(\?[ims-]/

/** Publishes the patterns that other engines read as JavaScript's does, and describes the others in words. */
export function writePatterns(schema: z.core.$ZodType, json: Record<string, unknown>) {
  const patterns = patternsIn(schema)
  const written = patterns.map(({ source, flags }) => {
    const plain = source.replace(CLASS_OR_CONTROL, (all, p: string | undefined) =>
      p === undefined ? all : `[${p === 'P' ? '^' : ''}${CONTROLS}]`,
    )
    return /[ims]/.test(flags) || NOT_PORTABLE.test(plain) || !isOfCharacters(plain, flags) ? undefined : plain
  })
  if (patterns.every(({ source }, i) => written[i] === source)) return
  const portable = written.filter((source) => source !== undefined)
  delete json.pattern
  delete json.allOf
  if (portable.length === 1) json.pattern = portable[0]
  if (portable.length > 1) json.allOf = portable.map((pattern) => ({ pattern }))
  const others = patterns.filter((_, i) => written[i] === undefined).map((pattern) => `\`${pattern}\``)
  if (others.length === 0) return
  json.description = [json.description, `Matches ${others.join(' and ')} of ECMAScript.`].filter(Boolean).join(' ')
}

/** zod types the def of each string and check more narrowly; those with a pattern have it here. */
function patternsIn({ _zod: { def } }: z.core.$ZodType): readonly RegExp[] {
  const checks = (def.checks ?? []).map((check) => check._zod.def)
  return [def, ...checks].flatMap((part) => {
    const { pattern } = part as { readonly pattern?: unknown }
    return pattern instanceof RegExp ? [pattern] : []
  })
}

const TOKEN = /\\.|\[(?:[^\]\\]|\\.)*\]|./gs

/**
 * Whether a pattern means the same to engines that take a character outside the BMP as one, as JSON Schema asks for, and to
 * JavaScript's, which without the flag `u` takes it as two: `^.*$` does, and `^..$` does not.
 */
function isOfCharacters(source: string, flags: string): boolean {
  try {
    new RegExp(source, 'u')
  } catch {
    return false
  }
  const tokens = /[uv]/.test(flags) ? [] : (source.match(TOKEN) ?? [])
  return tokens.every((token, i) => !/^(\.|\[\^.*|\\[WSD])$/s.test(token) || /^[*+]/.test(tokens[i + 1] ?? ''))
}
