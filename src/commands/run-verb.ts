import { chooseForm } from './choose-form.ts'
import type { LoadedCommand } from './command.ts'
import { isPlain } from './describe-verbs.ts'
import { parseArguments } from './parse-arguments.ts'

/** Runs a verb with its arguments: the form that its first word selects, with values as that form describes them. */
export async function runVerb(
  verb: string,
  command: LoadedCommand,
  { project, args }: { readonly project: string; readonly args: readonly string[] },
): Promise<void> {
  if (isPlain(command)) return command.run(project, args)
  const chosen = chooseForm(verb, command, args)
  await chosen.form.run(project, parseArguments(chosen.name, chosen.form, chosen.args))
}
