/**
 * Thrown for a contract that contradicts itself, or has an unknown property: its message is one sentence with file and remedy.
 * `endpoint()`, `subscriber()`, `definePlans()` and `implement()` throw it when they load, so that nothing of it is deployed.
 * @example
 * try {
 *   await import(`${process.cwd()}/functions/place-order/contract.ts`)
 * } catch (error) {
 *   if (error instanceof ContractError) console.error(error.functionName, error.message)
 * }
 * @see docs/contracts.md
 */
export class ContractError extends Error {
  override readonly name = 'ContractError'
  /** The function's name; `?` where the contract has none that could be one. */
  readonly functionName: string

  constructor(
    functionName: string,
    sentence: string,
    { file = `functions/${functionName}/contract.ts` }: { readonly file?: string } = {},
  ) {
    super(`${file}: ${sentence}`)
    this.functionName = functionName
  }
}
