import { relative } from 'node:path'

const FRAME = /^\s+at /

/** A stack with the frames of the team's own sources only, from the checkout on; all of it where it has none. */
export function ownFrames(stack: string, root: string): string {
  const isOwn = (line: string) => line.includes(`${root}/functions/`) || line.includes(`${root}/domain/`)
  const lines = stack.split('\n')
  const kept = lines.some((line) => FRAME.test(line) && isOwn(line))
    ? lines.filter((line) => !FRAME.test(line) || isOwn(line))
    : lines
  return kept.join('\n').replaceAll(`${root}/`, relative(process.cwd(), root) ? `${root}/` : '')
}
