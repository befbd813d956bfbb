import type { ChildProcess } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { helmRenders, missingHelm } from '../chart/helm-renders.ts'
import { createPaste, lackedBy } from '../support/paste-commands.ts'
import { itWhere } from '../support/requirements.ts'
import { type Action, actionsOf, blocksOf, describeAction, GUIDE } from './page-blocks.ts'
import { createPageProject, removeTemplate, startProject } from './page-project.ts'

/** A page runs commands that start Node, jest and tsc, and Ebb itself: on a busy machine each takes a minute. */
jest.setTimeout(600_000)

/** What was done in a project, by its kind. */
const done = { run: 0, write: 0, restart: 0, helm: 0 }
afterAll(async () => {
  await removeTemplate()
  process.stderr.write(
    `The guide: ${GUIDE.length} pages; ran ${done.run} commands and ${done.helm} of helm, wrote ${done.write} files, started Ebb again ${done.restart} times.\n`,
  )
})

// Each in a project of its own: a reader may begin with any of them.
describe.each(GUIDE)('%s', (page) => {
  const actions = blocksOf(page).flatMap(actionsOf)
  let project: Awaited<ReturnType<typeof createPageProject>>
  let ebb: Awaited<ReturnType<typeof startProject>> | undefined
  let follow: ReturnType<typeof createPaste>
  const background: ChildProcess[] = []

  beforeAll(async () => {
    if (actions.length === 0) return
    project = await createPageProject()
    ebb = await startProject(project.root)
    // It is another one after each start.
    follow = createPaste({
      ...{ root: project.root, isDirect: true, ready: () => ebb?.ready ?? { url: '', admin: '' } },
      onBackground: (child) => void background.push(child),
    })
  })
  afterAll(async () => {
    for (const child of background) child.kill()
    await ebb?.stop()
    await project?.remove()
  })

  const perform = async (action: Action) => {
    if (action.kind === 'run') await follow(action.step)
    if (action.kind === 'helm') expect(await helmRenders(action.command, project.root)).toContain('kind: Deployment')
    if (action.kind === 'write') await project.write(action.file, action.text)
    if (action.kind === 'restart') {
      await ebb?.stop()
      ebb = await startProject(project.root)
    }
    const saved = savedBy(action)
    if (saved) await ebb?.served(saved)
    done[action.kind] += 1
  }

  it('is there', () => expect(blocksOf(page).length).toBeGreaterThan(0))
  for (const action of actions) itWhere(missingFor(action))(describeAction(action), () => perform(action))
})

/** The function that an action has changed the sources of. */
function savedBy(action: Action): string | undefined {
  if (action.kind === 'run') return /^npx ebb new (\S+)/.exec(action.step.command)?.[1]
  return action.kind === 'write' ? /^functions\/([^/]+)\/(?!.*\.test\.ts)/.exec(action.file)?.[1] : undefined
}

function missingFor(action: Action): string | undefined {
  if (action.kind === 'run') return lackedBy(action.step)
  return action.kind === 'helm' ? missingHelm : undefined
}
