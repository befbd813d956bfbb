/** The scopes of each role's API keys. */
export const roles = {
  writer: ['notes:write'],
} as const satisfies Readonly<Record<string, readonly `${string}:${string}`[]>>
