/** The candidate that a misspelt word most likely means: one that begins with it, or differs from it in every third letter at most. */
export function findSimilar(word: string, candidates: readonly string[]): string | undefined {
  const [longer] = word.length > 1 ? candidates.filter((candidate) => candidate.startsWith(word)) : []
  if (longer) return longer
  const near = candidates
    .map((candidate) => ({ candidate, edits: countEdits(word, candidate) }))
    .filter(({ candidate, edits }) => edits <= Math.max(word.length, candidate.length) / 3)
  return near.sort((a, b) => a.edits - b.edits)[0]?.candidate
}

/** The fewest letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function countEdits(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, j) => j)]
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= to.length; j++) {
      const replaced = at(i - 1, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1)
      const isSwapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      row.push(Math.min(replaced, at(i - 1, j) + 1, at(i, j - 1) + 1, isSwapped ? at(i - 2, j - 2) + 1 : replaced))
    }
  }
  return at(from.length, to.length)
}
