export const roles = {
  customer: ['users:write', 'orders:write'],
  merchant: ['users:read', 'users:write', 'products:write', 'orders:read', 'orders:write'],
} as const satisfies Readonly<Record<string, readonly `${string}:${string}`[]>>
