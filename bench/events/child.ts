import { fork } from 'node:child_process'
import { once } from 'node:events'
import { killOnExit } from '../measure/kill-on-exit.ts'

/** A process that is asked with objects, one at a time, and answers each with one. */
export interface Child<Question, Answer> extends AsyncDisposable {
  ask(question: Question): Promise<Answer>
}

/** Starts a file of this bench; resolves when it says that it is ready, with what it says. */
export async function startChild<Question extends object, Answer>(
  file: string,
  args: readonly string[],
): Promise<Child<Question, Answer> & { readonly ready: unknown }> {
  const child = fork(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const end = killOnExit(child)
  const answer = async (): Promise<unknown> => {
    const gone = new AbortController()
    const exit = once(child, 'exit', { signal: gone.signal }).then(([code]) => {
      throw new Error(`${file} ended with ${code}`)
    })
    const message = once(child, 'message', { signal: gone.signal }).then(([value]) => value)
    return Promise.race([message, exit]).finally(() => {
      gone.abort()
      for (const promise of [message, exit]) promise.catch(() => {})
    })
  }
  const ready = await answer()
  return {
    ready,
    ask: (question) => {
      const answered = answer()
      child.send(question)
      // What a file answers is written beside what it is asked.
      return answered as Promise<Answer>
    },
    [Symbol.asyncDispose]: end,
  }
}

/** In the child: says that it is ready, and answers. An error ends it. */
export function answerParent<Question>(ready: unknown, answer: (question: Question) => unknown): void {
  process.on('message', (question: Question) => {
    void Promise.resolve(answer(question)).then((value) => process.send?.(value ?? null))
  })
  process.on('disconnect', () => process.exit())
  process.send?.(ready)
}
