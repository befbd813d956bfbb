import { openCasbin } from './open-casbin.ts'
import type { PolicyFault, PolicyFiles } from './policy-files.ts'
import { tryPolicy } from './read-policy.ts'

const NOBODY = { caller: { sub: '' }, action: '', type: '', attributes: {} }

/** All that is wrong in the files, the syntax of expressions included, which only Casbin's parser knows. */
export async function checkPolicy(files: PolicyFiles): Promise<readonly PolicyFault[]> {
  const { rules: policy, faults } = tryPolicy(files)
  if (faults.length > 0) return faults
  const { matches } = await openCasbin(policy)
  const findSyntaxError = (expression: string): string | undefined => {
    try {
      matches(
        expression,
        NOBODY,
        policy.model.fields.map(() => ''),
      )
    } catch (error) {
      // The parser's errors say where; any other is about values, of which there are none here.
      const { index, description } = Object(error) as { readonly index?: unknown; readonly description?: unknown }
      if (typeof index === 'number') return `${description} in "${expression}"`
    }
    return undefined
  }
  const { matcher, matcherLine, fields } = policy.model
  const inMatcher = findSyntaxError(matcher.replaceAll(/\beval\([^)]*\)/g, 'true'))
  const when = fields.indexOf('when')
  const inRules = (when < 0 ? [] : policy.rules).flatMap(({ line, values }): readonly PolicyFault[] => {
    const message = findSyntaxError(values[when] ?? '')
    return message ? [{ file: 'policy', line, message }] : []
  })
  return [...(inMatcher ? [{ file: 'model', line: matcherLine, message: inMatcher } as const] : []), ...inRules]
}
