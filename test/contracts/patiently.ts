/** A machine that is busy may answer 503 or 504, which says nothing about the value: nothing was done. */
export async function patiently<Answer extends { readonly status?: number }>(
  call: () => Promise<Answer>,
): Promise<Answer> {
  for (;;) {
    const answer = await call()
    if (answer.status !== 503 && answer.status !== 504) return answer
  }
}
