/**
 * How deep braces, brackets and parentheses of a GraphQL text nest, outside of its strings and comments: one look at each
 * character, before a parser goes as deep.
 */
export function countNesting(text: string): number {
  let depth = 0
  let deepest = 0
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[' || token === '(') deepest = Math.max(deepest, ++depth)
    else if (token === '}' || token === ']' || token === ')') depth--
  }
  return deepest
}

/** What opens and closes, and what hides such characters: block strings, strings, comments. */
const TOKENS = /"""(?:[^"\\]|\\"""|\\|"(?!""))*(?:"""|$)|"(?:[^"\\\n]|\\.)*"?|#[^\n]*|[{}[\]()]/g
