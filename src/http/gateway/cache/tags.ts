import { type Fields, linesOf, splitList } from './fields.ts'

/** The tags that an upstream gives its response, in `Cache-Tag`. */
export const tagsOf = (fields: Fields): readonly string[] =>
  linesOf(fields, 'cache-tag').flatMap((line) => splitList(line))
