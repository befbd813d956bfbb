/** The scopes of each role's API keys. */
export const roles = {
  customer: ['users:write', 'orders:write', 'files:write'],
  merchant: [
    'users:read',
    'users:write',
    'products:write',
    'orders:read',
    'orders:write',
    'orders:cancel',
    'files:write',
    'readings:read',
    'readings:write',
  ],
} as const satisfies Readonly<Record<string, readonly `${string}:${string}`[]>>
