/** What each role's API keys may do: the scopes that contracts ask for, by the people who hold them. */
export const roles = {
  customer: ['users:write'],
  merchant: ['users:read', 'users:write'],
} as const satisfies Readonly<Record<string, readonly `${string}:${string}`[]>>
