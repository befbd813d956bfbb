/** The parts of a version, such as `1.2.3-rc.1`; undefined if it is none. */
const VERSION = /^(\d+)\.(\d+)\.(\d+)(?:-([\w.-]+))?(?:\+[\w.-]+)?$/

/** Whether a text is a version, such as `1.2.3` or `1.2.3-rc.1`. */
export const isVersion = (text: string): boolean => VERSION.test(text)

/** Compares two versions as semver.org does (clause 11): negative where the first one is older. */
export function compareVersions(one: string, other: string): number {
  const [, ...mine] = VERSION.exec(one) ?? []
  const [, ...theirs] = VERSION.exec(other) ?? []
  for (const i of [0, 1, 2]) {
    const difference = Number(mine[i]) - Number(theirs[i])
    if (difference !== 0) return difference
  }
  return comparePrereleases(mine[3], theirs[3])
}

/** A release comes after its prereleases; of these, numbers are compared as numbers and come before words. */
function comparePrereleases(one: string | undefined, other: string | undefined): number {
  if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined)
  const [mine, theirs] = [one.split('.'), other.split('.')]
  for (const [i, part] of mine.entries()) {
    const against = theirs[i]
    if (against === undefined) return 1
    if (part === against) continue
    const [isNumber, isOther] = [part, against].map((text) => /^\d+$/.test(text))
    if (isNumber && isOther) return Number(part) - Number(against)
    if (isNumber !== isOther) return isNumber ? -1 : 1
    return part < against ? -1 : 1
  }
  return mine.length - theirs.length
}
