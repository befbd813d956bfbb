import { expect, it } from '@jest/globals'
import { parseArguments } from './parse-arguments.ts'
import { sizeCommand } from './size.ts'

/** Until contracts would be read. */
const run = async (args: string) => {
  const [form] = sizeCommand
  if (!form) throw new Error('size has a form')
  await form.run('/nowhere', parseArguments('size', form, args.split(' ')))
}

it.each([
  ['--rps 0', '--rps must be a number above 0, up to 100000000'],
  ['--rps many', '--rps must be a number above 0, up to 100000000'],
  ['--rps 1e3', '--rps must be a number above 0, up to 100000000'],
  ['--rps 10 --events=-1', '--events must be a number of at least 0, up to 100000000'],
  ['--rps 10 --kept 101', '--kept must be 0 to 100 percent, as a number'],
  ['--rps 10 --utilisation 95', '--utilisation must be 10 to 90 percent, as a number'],
  ['--rps 10 --mix place-order', '--mix must be the name of an endpoint, =, and its percent, such as place-order=20'],
  ['--rps 10 --mix place-order=20', '--mix must be 100 percent together, and not 20'],
  ['--rps 10 --mix place-order=50 --mix place-order=50', '--mix names an endpoint twice'],
  ['--rps 10 --admin http://localhost:8081', '--admin is for --recorded; give both'],
])('ebb size %s is refused with a sentence', async (args, sentence) => {
  await expect(run(args)).rejects.toThrow(sentence)
})
