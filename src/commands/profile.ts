import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ConfigError } from '../kernel/index.ts'
import { profileFunction } from '../protocol/admin/profiles.ts'
import { hottest, toFlameGraph } from '../protocol/profiles/flame.ts'
import { MAX_PROFILE_SECONDS, type RecordedProfile } from '../protocol/profiles/profile.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult, table } from './admin-client.ts'
import { type Form, form } from './form.ts'

export const profileCommand: readonly Form[] = [
  form({
    description:
      'Profile a live instance of a function while it serves requests, and write what Chrome DevTools and VS Code open. On a cluster, where EBB_PROFILES allows it.',
    arguments: {
      name: { value: 'NAME', required: true, completes: 'function', description: 'The function, such as list-orders.' },
    },
    options: {
      seconds: {
        value: 'SECONDS',
        read: readSeconds,
        description: `For how long, at most ${MAX_PROFILE_SECONDS} s. Default: 10.`,
      },
      heap: { description: 'What is allocated and stays, in place of what takes time.' },
      output: { value: 'FILE', description: 'Default: the name of the function with the time, in this folder.' },
      ...ADMIN_OPTIONS,
    },
    examples: ['profile list-orders', 'profile list-orders --seconds 30 --heap'],
    run: (project, { name, ...options }) => profile(project, name, options),
  }),
]

function readSeconds(text: string): number {
  const seconds = Number(text)
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_PROFILE_SECONDS) return seconds
  throw new ConfigError(`--seconds must be 1 to ${MAX_PROFILE_SECONDS}`)
}

interface ProfileOptions extends AdminOptions {
  readonly seconds?: number | undefined
  readonly heap: boolean
  readonly output?: string | undefined
}

const SHOWN = 10

async function profile(project: string, name: string, { seconds = 10, heap, output, ...options }: ProfileOptions) {
  const body = { kind: heap ? 'heap' : 'cpu', seconds, as: 'profile' } as const
  const found = await callAdmin(project, profileFunction, { params: { name }, body }, options)
  const file = resolve(output ?? found.file)
  await writeFile(file, JSON.stringify(found.profile))
  // The profile is of the kind that it says.
  const graph = toFlameGraph({ kind: found.kind, profile: found.profile } as RecordedProfile)
  const most = hottest(graph, SHOWN).map(({ self, ...one }) => ({ ...one, self: Math.round(self * 10) / 10 }))
  const toLines = () => [
    ...table([
      ['SHARE', graph.unit.toUpperCase(), 'FUNCTION', 'PLACE'],
      ...most.map(({ self, name: called, place }) => [
        ...[`${((100 * self) / graph.total).toFixed(1)} %`, String(self), called, place],
      ]),
    ]),
    '',
    `${file}: open it in Chrome DevTools (${heap ? 'Memory' : 'Performance'}) or in VS Code.`,
  ]
  printResult({ kind: found.kind, file, unit: graph.unit, total: graph.total, most }, toLines, options)
}
