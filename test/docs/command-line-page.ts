import { describeVerb } from '../../src/commands/describe-verbs.ts'
import { verbs } from '../../src/commands/verbs.ts'

/** docs/reference/command-line.md: the help of each verb. */
export async function commandLinePage(): Promise<string> {
  const sections = await Promise.all(
    Object.entries(verbs).map(async ([name, verb]) => {
      const help = describeVerb(name, verb, await verb.load())
      return `## ebb ${name}\n\n${verb.summary}.\n\n\`\`\`text\n${help}\n\`\`\`\n`
    }),
  )
  return `# The command line

What \`npx ebb COMMAND --help\` prints, of each command; \`npm test -- test/docs -u\` writes this page. In a project \`npx ebb\` finds its folder from
wherever below it it is run.

${sections.join('\n')}`
}
