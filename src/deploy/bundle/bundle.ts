/** A program that can be run, in one file or beginning in one. */
export interface Bundle {
  readonly file: string
  /** Of its content: the same source gives the same bytes and the same revision. */
  readonly revision: string
  /** The sources that it was made of, as absolute paths. */
  readonly inputs: ReadonlySet<string>
}
