import type { Codemod } from '../codemod.ts'
import { type Renames, renameNames } from '../rename-names.ts'

/** What 0.2.0 calls something else, and what it took out of its public modules; a test holds it to docs/api. */
export const RENAMES: Renames = {
  renamed: [
    { module: 'ebb/client', name: 'Fault', to: 'ValidationIssue' },
    { module: 'ebb/client', name: 'Silence', to: 'NoResponse' },
    { module: 'ebb/contract', name: 'ContractFault', to: 'ContractError' },
    { module: 'ebb/contract', name: 'Fault', to: 'ValidationIssue' },
    { module: 'ebb/data', name: 'HttpAnswer', to: 'HttpResponse' },
    { module: 'ebb/data', name: 'HttpFault', to: 'HttpError' },
    { module: 'ebb/data', name: 'Resource.lend', to: 'bind' },
    { module: 'ebb/data', name: 'Resource.carryOut', to: 'runEffect' },
    { module: 'ebb/testing', name: 'TestFunction.stranger', to: 'unsigned' },
  ],
  values: [
    { module: 'ebb/contract', name: 'ContractError.name', from: 'ContractFault', to: 'ContractError' },
    { module: 'ebb/data', name: 'HttpError.name', from: 'HttpFault', to: 'HttpError' },
  ],
  removed: [
    {
      module: 'ebb/contract',
      names: [
        'ANSWER_MS',
        'AnyContract',
        'ContractPattern',
        'ContractSet',
        'Limit',
        'PLATFORM_CODES',
        'Placement',
        'RawInput',
        'Route',
        'SCHEMA_NAME',
        'Scale',
        'Strings',
        'Subscription',
        'Validate',
        'Validated',
        'contractSet',
        'dataOf',
        'describeEndpoint',
        'describePlacement',
        'describeSubscriber',
        'eventCycles',
        'eventValidator',
        'gatewayDrainMs',
        'isReservedPath',
        'isTransient',
        'isWarm',
        'overwrites',
        'patternsOf',
        'problemJson',
        'problemTitle',
        'problemType',
        'relayDrainMs',
        'toInput',
        'toLocation',
        'toPattern',
        'validator',
      ],
      instead: "Take it out: it served Ebb's own gateway, relay and renderers, and may change with any release.",
    },
    {
      module: 'ebb/http',
      names: ['AppOptions', 'createApp', 'openResources'],
      instead: 'Use testFunction() of ebb/testing for tests, and serve() to run a function.',
    },
  ],
}

/** Replaces names that 0.2.0 has renamed, and lists uses of those that are gone. */
export const renamedNames: Codemod = {
  version: '0.2.0',
  summary: 'new names of what it imports from Ebb',
  apply: async ({ files, read, write }) => {
    const notes: string[] = []
    for (const file of files) {
      const source = await read(file)
      const renamed = renameNames(file, source, RENAMES)
      if (renamed.text !== source) await write(file, renamed.text)
      notes.push(...renamed.notes)
    }
    return notes
  },
}
