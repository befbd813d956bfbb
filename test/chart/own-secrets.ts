/** A Secret of one's own for everything that the chart would make up. */
export const ownSecrets = {
  identity: { existingSecret: 'my-identity' },
  gateway: { existingSecret: 'my-gateway' },
  redis: { existingSecret: 'my-redis' },
  postgres: {
    owner: { existingSecret: 'my-owner' },
    gateway: { existingSecret: 'my-gateway-login' },
    relay: { existingSecret: 'my-relay-login' },
    functions: { existingSecret: 'my-functions-login' },
    bundled: { existingSecret: 'my-superuser' },
  },
}
