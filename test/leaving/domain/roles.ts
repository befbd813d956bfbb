/** The scopes of each role's API keys. */
export const roles = { reader: ['notes:read'] } as const
