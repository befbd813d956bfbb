import { startBusyPod } from './busy-pod.ts'
import { checks } from './checks.ts'
import { openContext } from './context.ts'
import { buildImages } from './images.ts'
import { install, makeNamespace } from './install.ts'
import { readOptions } from './options.ts'
import { assembleProject } from './project.ts'
import { type Outcome, printOutcomes, versionsOf, writeRun } from './report.ts'

// `npm run e2e:cluster -- --help`: installs the chart on a real cluster, and looks whether it does what it promises.
const options = readOptions(process.argv.slice(2))
await using project = await assembleProject()
if (options.build)
  for (const tag of new Set([options.tag, options.nextTag])) await buildImages(project.root, tag, options)

const context = await openContext(options, project.root)
const outcomes: Outcome[] = []
const endBusyPod = options.busy > 0 ? await startBusyPod(context, options.busy) : undefined
try {
  await makeNamespace(context)
  const versions = await versionsOf(context)
  const beganAt = Date.now()
  if (!checks(options).every(({ isAlone }) => isAlone)) {
    await install(context)
    context.log(`installed in ${Date.now() - beganAt} ms`)
  }
  for (const check of checks(options)) outcomes.push(await runCheck(check))
  printOutcomes(outcomes, context.tables)
  if (options.write) context.log(await writeRun({ outcomes, tables: context.tables, versions, options }))
} finally {
  await endBusyPod?.()
  await context.close()
}
process.exitCode = outcomes.length > 0 && outcomes.every(({ passed }) => passed) ? 0 : 1

async function runCheck({ name, run }: ReturnType<typeof checks>[number]): Promise<Outcome> {
  const beganAt = Date.now()
  context.log(`… ${name}`)
  const settled = await run(context).then(
    (detail) => ({ passed: true, detail }),
    (error: unknown) => ({ passed: false, detail: error instanceof Error ? error.message : String(error) }),
  )
  const outcome = { name, seconds: (Date.now() - beganAt) / 1_000, ...settled }
  context.log(`${outcome.passed ? 'passed' : 'FAILED'} ${name} (${outcome.seconds.toFixed(0)} s): ${outcome.detail}`)
  return outcome
}
