/** What a target cannot express: a sentence each, with contract, field and target; all of them at once. */
export class RenderFault extends Error {
  override readonly name = 'RenderFault'

  constructor(sentences: readonly string[]) {
    super(sentences.join('\n'))
  }
}

/** One such sentence. */
export const cannot = (name: string, field: string, target: string, why: string) =>
  `functions/${name}/contract.ts: ${field}: ${target} ${why}`
