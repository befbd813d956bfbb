/** A contract that contradicts itself, or asks for what nothing acts on: one sentence with file and remedy. */
export class ContractFault extends Error {
  override readonly name = 'ContractFault'
  readonly functionName: string

  constructor(functionName: string, sentence: string) {
    super(`functions/${functionName}/contract.ts: ${sentence}`)
    this.functionName = functionName
  }
}
