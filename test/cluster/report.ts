import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { table } from '../../src/commands/admin-client.ts'
import type { Context, FigureTable } from './context.ts'
import { openfaasVersions } from './openfaas/deploy-stack.ts'
import type { Options } from './options.ts'
import { runCommand } from './run-command.ts'

export interface Outcome {
  readonly name: string
  readonly passed: boolean
  readonly seconds: number
  readonly detail: string
}

const RUNS = fileURLToPath(new URL('../../docs/runs', import.meta.url))

/** Prints the outcome of each check, and the tables of figures. */
export function printOutcomes(outcomes: readonly Outcome[], tables: readonly FigureTable[]) {
  for (const { title, rows } of [{ title: 'Checks', rows: rowsOf(outcomes) }, ...tables])
    process.stdout.write(`\n${title}\n\n${table(rows).join('\n')}\n`)
}

/** Writes the same as a page of docs/runs, and returns its path. */
export async function writeRun({
  outcomes,
  tables,
  versions,
  options,
}: {
  outcomes: readonly Outcome[]
  tables: readonly FigureTable[]
  versions: readonly string[]
  options: Options
}): Promise<string> {
  const date = new Date().toISOString()
  const failed = outcomes.filter(({ passed }) => !passed).length
  const page = [
    `# \`e2e:cluster\`, engine ${options.engine}, ${date.slice(0, 10)}`,
    '',
    `${date}: ${outcomes.length - failed} of ${outcomes.length} checks passed. As it came from \`npm run e2e:cluster\`.`,
    '',
    ...versions.map((version) => `- ${version}`),
    ...(options.busy > 0 ? [`- ${options.busy} thousandths of a core burnt by a pod beside it all the while`] : []),
    ...[{ title: 'Checks', rows: rowsOf(outcomes) }, ...tables].flatMap(({ title, rows }) => [
      ...['', `## ${title}`, ''],
      ...markdown(rows),
    ]),
    '',
  ]
  await mkdir(RUNS, { recursive: true })
  // What ran alone leaves the page of all checks as it is.
  const more = [...options.only, ...(options.busy > 0 ? ['busy'] : [])].map(
    (word) => `-${word.replaceAll(/\W+/g, '-')}`,
  )
  const file = `${RUNS}/${date.slice(0, 10)}-${options.engine}${more.join('')}.md`
  await writeFile(file, page.join('\n'))
  return file
}

const rowsOf = (outcomes: readonly Outcome[]) => [
  ['CHECK', 'OUTCOME', 'SECONDS', 'FIGURES'],
  ...outcomes.map(({ name, passed, seconds, detail }) => [
    ...[name, passed ? 'passed' : 'FAILED', seconds.toFixed(0)],
    detail.replaceAll(/\s+/g, ' '),
  ]),
]

const markdown = ([head = [], ...rows]: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map(
    (cells) => `| ${cells.map((cell) => cell.trim().replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')).join(' | ')} |`,
  )

/** What the run ran on, a line each. */
export async function versionsOf({ kubectl, options }: Context): Promise<readonly string[]> {
  const { clientVersion, serverVersion } = JSON.parse(await kubectl.text(['version', '--output', 'json']))
  const words = ['get', 'deployment', 'controller', '--namespace', 'knative-serving', '--output', 'json']
  const knative = await runCommand('kubectl', words).then(
    (text) => JSON.parse(text).metadata.labels?.['app.kubernetes.io/version'],
    () => undefined,
  )
  const nodes = JSON.parse(await runCommand('kubectl', ['get', 'nodes', '--output', 'json'])).items
  return [
    `Kubernetes ${serverVersion.gitVersion}, kubectl ${clientVersion.gitVersion}`,
    knative ? `Knative Serving ${knative}` : 'no Knative',
    ...(options.engine === 'openfaas' ? [`OpenFaaS: ${await openfaasVersions()}`] : []),
    `Helm ${(await runCommand('helm', ['version', '--short'])).trim()}`,
    `${nodes.length} node(s): ${nodes.map(describeNode).join('; ')}`,
    `images ${options.registry}/ebb/*:${options.tag}, upgraded to ${options.nextTag}`,
  ]
}

const describeNode = ({ status }: { status: { capacity: { cpu: string }; nodeInfo: Record<string, string> } }) =>
  `${status.capacity.cpu} CPUs, ${status.nodeInfo.containerRuntimeVersion}, Linux ${status.nodeInfo.kernelVersion}`
