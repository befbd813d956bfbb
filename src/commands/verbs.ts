import type { Verb } from './command.ts'

/** The verbs, in the order of the help: the one list, of which help, completions and suggestions are made. */
export const verbs: Readonly<Record<string, Verb>> = {
  create: {
    summary: 'Create a project of your own in a folder',
    ignoresEnv: true,
    load: async () => (await import('./create.ts')).createCommand,
  },
  new: {
    summary: 'Write a working function: an endpoint, a subscriber of an event, a schedule, or an authorizer',
    load: async () => (await import('./new.ts')).newCommand,
  },
  remove: {
    summary: 'Delete a function, unless something else needs it',
    load: async () => (await import('./remove.ts')).removeCommand,
  },
  dev: {
    summary: 'Run Ebb on this machine (npm start)',
    load: async () => (await import('./dev.ts')).devCommand,
  },
  invoke: {
    summary: 'Run one function once, without the gateway',
    load: async () => (await import('./invoke.ts')).invokeCommand,
  },
  database: {
    summary: 'Print the address of the database of the running Ebb, for psql',
    load: async () => (await import('./database.ts')).databaseCommand,
  },
  migrate: {
    summary: "Migrate a database: first the platform's tables, then the team's",
    load: async () => (await import('./database.ts')).migrateCommand,
  },
  events: {
    summary: 'List events and their deliveries, and send dead ones again',
    load: async () => (await import('./events.ts')).eventsCommand,
  },
  schedules: {
    summary: 'List schedules and their firings, and have one fire now',
    load: async () => (await import('./schedules.ts')).schedulesCommand,
  },
  checks: {
    summary: 'List the synthetic checks of the contracts, and have one made now',
    load: async () => (await import('./checks.ts')).checksCommand,
  },
  canary: {
    summary: 'Try a new revision of a function on a share of its callers, judged by its contract',
    load: async () => (await import('./canary.ts')).canaryCommand,
  },
  alerts: {
    summary: 'List the alerts that fire or are about to',
    load: async () => (await import('./alerts.ts')).alertsCommand,
  },
  keys: {
    summary: 'Show, list, create, rotate and revoke the API keys of a running Ebb',
    load: async () => (await import('./keys.ts')).keysCommand,
  },
  policy: {
    summary: 'Say who may do what by domain/policy, and check its files',
    load: async () => (await import('./policy.ts')).policyCommand,
  },
  token: {
    summary: 'Print an access token of a person of this laptop',
    load: async () => (await import('./token.ts')).tokenCommand,
  },
  usage: {
    summary: 'List what callers have used, as a table or as CSV',
    load: async () => (await import('./usage.ts')).usageCommand,
  },
  cost: {
    summary: 'Price what functions have used, by function, plan and tenant',
    load: async () => (await import('./cost.ts')).costCommand,
  },
  size: {
    summary: 'Reckon what so many requests a second need, and which part gives out first',
    load: async () => (await import('./size.ts')).sizeCommand,
  },
  audit: {
    summary: 'List who changed what of keys, plans and events',
    load: async () => (await import('./audit.ts')).auditCommand,
  },
  plans: {
    summary: 'List plans and who has them, and set the plan of a tenant',
    load: async () => (await import('./plans.ts')).plansCommand,
  },
  purge: {
    summary: 'Have all gateways forget stored responses: by tag, route or URL',
    load: async () => (await import('./purge.ts')).purgeCommand,
  },
  preview: {
    summary: 'Start, list and remove previews of a branch, each with a database of its own',
    load: async () => (await import('./preview.ts')).previewCommand,
  },
  console: {
    summary: 'Print an address that logs a browser in to the console',
    load: async () => (await import('./console.ts')).consoleCommand,
  },
  top: {
    summary: 'Show what functions do now, and what failed last',
    load: async () => (await import('./top.ts')).topCommand,
  },
  explain: {
    summary: 'Tell what happened to a request, and what failed: from the gateway to the mail of a subscriber',
    load: async () => (await import('./explain.ts')).explainCommand,
  },
  'explain-route': {
    summary: 'Show what each step of the gateway would do with a request',
    load: async () => (await import('./explain-route.ts')).explainRouteCommand,
  },
  logs: {
    summary: 'Print the log of the Ebb on this laptop: of the gateway, the relay and all functions',
    load: async () => (await import('./logs.ts')).logsCommand,
  },
  traces: {
    summary: 'List the traces of the last hour on this laptop, or show one as a waterfall',
    load: async () => (await import('./traces.ts')).tracesCommand,
  },
  'log-level': {
    summary: 'Show and set from which level on the gateways log',
    load: async () => (await import('./log-level.ts')).logLevelCommand,
  },
  profile: {
    summary: 'Profile a live instance of a function: what takes its time, or its memory',
    load: async () => (await import('./profile.ts')).profileCommand,
  },
  mock: {
    summary: 'Mock all endpoints from their contracts, without a function',
    load: async () => (await import('./mock.ts')).mockCommand,
  },
  check: {
    summary: 'Compare a deployed Ebb with the contracts of this checkout',
    load: async () => [...(await import('./check.ts')).checkCommand, ...(await import('./parity.ts')).parityCommand],
  },
  conformance: {
    summary: 'Check whether an Ebb keeps what it promises to callers',
    load: async () => (await import('./conformance.ts')).conformanceCommand,
  },
  contracts: {
    summary: 'List what the contracts break since a git ref, and for whom',
    load: async () => (await import('./contracts.ts')).contractsCommand,
  },
  upgrade: {
    summary: 'Take a project to another version of Ebb',
    load: async () => (await import('./upgrade.ts')).upgradeCommand,
  },
  own: {
    summary: "Put the platform's sources into the project, or back into the package",
    load: async () => (await import('./own.ts')).ownCommand,
  },
  build: {
    summary: 'Build what the images hold, into dist/',
    load: async () => (await import('./build.ts')).buildCommand,
  },
  'build-client': {
    summary: 'Pack a typed client of all endpoints, for npm',
    load: async () => (await import('./build.ts')).buildClientCommand,
  },
  pipeline: {
    summary: 'Write the pipeline of a forge, from commit to production',
    load: async () => (await import('./pipeline.ts')).pipelineCommand,
  },
  render: {
    summary: 'Render the files for clusters from the contracts',
    load: async () => (await import('./render.ts')).renderCommand,
  },
  'identity-keys': {
    summary: 'Generate the keys with which gateway and relay sign who calls',
    ignoresEnv: true,
    load: async () => (await import('./keys.ts')).identityKeysCommand,
  },
  completion: {
    summary: 'Print the completions of this command for bash, zsh or fish',
    ignoresEnv: true,
    load: async () => (await import('./completion.ts')).completionCommand(verbs),
  },
  version: {
    summary: 'Print the versions of Ebb, Node and the project',
    ignoresEnv: true,
    load: async () => (await import('./version.ts')).versionCommand,
  },
  help: {
    summary: 'Print this list, or the help of one command',
    ignoresEnv: true,
    load: async () => (await import('./help.ts')).helpCommand(verbs),
  },
}
