import { describe, expect, it } from '@jest/globals'
import { chooseForm } from './choose-form.ts'
import { parseArguments } from './parse-arguments.ts'
import { previewCommand } from './preview.ts'

async function run(line: string): Promise<void> {
  const chosen = chooseForm('preview', previewCommand, line.split(' '))
  await chosen.form.run('.', parseArguments(chosen.name, chosen.form, chosen.args))
}

describe('ebb preview refuses, before it asks any cluster,', () => {
  it.each([
    ['up Feature/Login', /^a preview's name has at most 40 .*: such as feature-login/],
    ['down ..', /^a preview's name has at most 40 /],
    ['up pr-1 --ttl 1w', /^a time is a number of minutes, hours or days/],
    ['up pr-1 --secret sandbox', /^--secret is the namespace of a Secret and its name/],
    ['up pr-1 --laptop --template seed', /^--values, --env, --template and --secret are for a cluster/],
    ['up pr-1 --values nowhere.json', /^--values: nowhere\.json cannot be read/],
    ['up pr-1 --env nowhere', /^there is no environments\/nowhere\.yaml/],
    ['down', /^ebb preview down takes a name, or --expired/],
    ['down pr-1 --expired', /^ebb preview down takes a name, or --expired/],
  ])('%s', async (line, sentence) => expect(run(line)).rejects.toThrow(sentence))
})
