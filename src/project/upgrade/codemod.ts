/** A change of a project's code that a version of Ebb needs, made by `ebb upgrade`. */
export interface Codemod {
  /** The version that needs it: it runs in upgrades from an older one. */
  readonly version: string
  /** What it changes, as a part of a sentence. */
  readonly summary: string
  /** Changes files, and returns a sentence for each thing that it leaves to a person. To repeat it changes nothing more. */
  apply(project: CodemodProject): Promise<readonly string[]>
}

/** The files that a codemod may change. */
export interface CodemodProject {
  /** The team's TypeScript files, by their paths in the project. */
  readonly files: readonly string[]
  read(file: string): Promise<string>
  write(file: string, text: string): Promise<void>
}
