/** A version that CHANGELOG.md has a section of. */
export interface Release {
  readonly version: string
  /** The commit that it was released as; none of the one that is to be released. */
  readonly commit: string | undefined
  /** What a project of the version before does to come here where `ebb upgrade` cannot: the lines of its sh blocks, by heading. */
  readonly steps: ReadonlyMap<string, string>
}

/** The releases that a changelog tells of, newest first: `## 0.2.0`, and below it `released as \`abc1234\``. */
export function readReleases(changelog: string): readonly Release[] {
  const sections = changelog.split(/^## (?=\d)/m).slice(1)
  return sections.map((section) => {
    const [version = ''] = section.split(/\s/, 1)
    const commit = /released as commit `([0-9a-f]{7,40})`/i.exec(section)?.[1]
    const parts = section.split(/^### /m).slice(1)
    const steps = parts.map((part) => [part.split('\n', 1)[0] ?? '', shellOf(part)] as const)
    return { version, commit, steps: new Map(steps.filter(([, shell]) => shell !== '')) }
  })
}

const shellOf = (part: string): string =>
  [...part.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, lines = '']) => lines).join('')
