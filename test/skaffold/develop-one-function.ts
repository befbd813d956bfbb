import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Forward, forward } from '../cluster/forward.ts'
import { kubectlIn } from '../cluster/kubectl.ts'
import { assembleProject } from '../cluster/project.ts'
import { runCommand, startCommand } from '../cluster/run-command.ts'
import { untilTrue } from '../support/until.ts'
import { FUNCTIONS } from './tags-after-saves.ts'

const FIRST_BUILD_MS = 1_800_000
const SAVE_MS = 180_000
/** What the build may take; how long an image is loaded and started is the cluster's. */
const PROMISED_MS = 15_000

/** Runs `skaffold dev`, saves one handler, and says what was built again and how fast, and when callers had its new answer. */
export async function developOneFunction(namespace: string): Promise<string> {
  await using project = await assembleProject(FUNCTIONS)
  const kubectl = kubectlIn(namespace)
  await runCommand('kubectl', ['create', 'namespace', namespace])
  const words = ['dev', '--profile', 'kind', '--namespace', namespace, '--port-forward=off', '--status-check=true']
  const child = startCommand('skaffold', words, { cwd: project.root, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      process.stderr.write(text)
    })
  /** Resolves to what it says until it waits for the next save. */
  const untilItWatches = async (limitMs: number) => {
    const watches = () => {
      if (child.exitCode !== null) throw new Error(`skaffold ended: ${said.slice(-1_500)}`)
      return said.includes('Watching for changes')
    }
    await untilTrue(watches, { limitMs, what: 'skaffold' })
    const saidSo = said
    said = ''
    return saidSo
  }

  let gateway: Forward | undefined
  try {
    const first = builtIn(await untilItWatches(FIRST_BUILD_MS))
    gateway = await forward(kubectl, namespace, 'gateway', 80)
    const { port } = gateway
    const answers = async (name: string, expected: string) => {
      const response = await fetch(`http://127.0.0.1:${port}/v1/say/${name}`).catch(() => undefined)
      return (await response?.text())?.includes(`"${expected}"`) ?? false
    }
    for (const name of ['one', 'two'])
      await untilTrue(() => answers(name, name), { limitMs: SAVE_MS, what: `an answer of say-${name}` })

    const file = join(project.root, 'functions/say-one/handler.ts')
    const text = await readFile(file, 'utf8')
    const savedAt = Date.now()
    // What was built once, Skaffold does not build again.
    const another = `another-${savedAt}`
    await writeFile(file, text.replace("'one'", `'${another}'`))
    const sinceSave = () => (Date.now() - savedAt) / 1_000
    await untilTrue(() => said.includes('succeeded'), { limitMs: SAVE_MS, what: 'the build' })
    const built = sinceSave()
    await untilTrue(() => answers('one', another), { limitMs: SAVE_MS, what: 'the new answer' })
    const answered = sinceSave()
    const again = builtIn(await untilItWatches(SAVE_MS))
    const figures = `${first.length} images built first; after the save ${again.join(', ')} in ${built.toFixed(1)} s, answered after ${answered.toFixed(1)} s`
    if (again.join() !== 'dev.local/ebb/say-one' || built * 1_000 > PROMISED_MS) throw new Error(figures)
    return figures
  } finally {
    await gateway?.close()
    // It takes away what it has deployed.
    child.kill('SIGINT')
    await ended
    await runCommand('kubectl', ['delete', 'namespace', namespace, '--timeout=180s'], { limitMs: 200_000 })
  }
}

const builtIn = (said: string) => [...said.matchAll(/^Building \[(.+?)\]/gm)].map(([, image = '']) => image)
