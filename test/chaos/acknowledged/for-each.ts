/** Works on all of a list, so many at a time and in its order. */
export async function forEach<T>(list: readonly T[], atATime: number, work: (item: T, i: number) => Promise<unknown>) {
  let next = 0
  const worker = async () => {
    for (let i = next++; i < list.length; i = next++) await work(list[i] as T, i)
  }
  await Promise.all(Array.from({ length: atATime }, worker))
}
