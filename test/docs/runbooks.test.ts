import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, it } from '@jest/globals'
import { isAlert, RULES, runbookOf } from '../../src/protocol/alerts/index.ts'
import { unknownMetrics } from '../chart/metric-names.ts'

const ALERTS = [...new Set(RULES.flatMap((rule) => (isAlert(rule) ? rule.alert : [])))]
const PAGES = globSync('docs/runbooks/Ebb*.md').sort()
const HELP = readFileSync('docs/reference/command-line.md', 'utf8')

/** What the help of `ebb VERB` says. */
const helpOf = (verb: string) => HELP.split(/^## ebb /m).find((section) => section.startsWith(`${verb}\n`)) ?? ''

/** A command of a page whose verb, form or option the command line does not have. */
function isUnknown(command: string): boolean {
  const [verb = '', ...words] = command.split(' ')
  const help = helpOf(verb)
  const form = help.includes(`Usage: ebb ${verb} [`) || !/^[a-z]+$/.test(words[0] ?? 'A') ? '' : ` ${words[0]}`
  const options = words.filter((word) => word.startsWith('--'))
  return !help.includes(`ebb ${verb}${form}`) || options.some((option) => !help.includes(`  ${option}`))
}

it('each alert has a page, and each page an alert', () => {
  expect(PAGES).toEqual(ALERTS.map(runbookOf).sort())
})

it('they are all in the list', () => {
  const list = readFileSync('docs/runbooks/README.md', 'utf8')
  expect(ALERTS.filter((alert) => !list.includes(`[${alert}](${alert}.md)`))).toEqual([])
})

it.each(PAGES)(
  '%s says what it means, where to look and what to do, with commands and metrics that are there',
  (page) => {
    const text = readFileSync(page, 'utf8')
    expect(text).toMatch(
      new RegExp(`^# ${basename(page, '.md')}\n\n[^#]{80,}\n## Look\n\n1\\. [^#]+\n## Do\n\n- [^#]+$`),
    )
    const commands = Array.from(text.matchAll(/`npx ebb ([^`]+)`/g), ([, command = '']) => command)
    expect(commands.filter(isUnknown)).toEqual([])
    expect(unknownMetrics([text])).toEqual([])
  },
)
