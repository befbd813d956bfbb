/** A Secret of one's own for everything that the chart would make up. */
export const ownSecrets = {
  identity: { existingSecret: 'my-identity' },
  gateway: { existingSecret: 'my-gateway' },
  redis: { existingSecret: 'my-redis' },
  postgres: {
    owner: { existingSecret: 'my-owner' },
    app: { existingSecret: 'my-app' },
    bundled: { existingSecret: 'my-superuser' },
  },
}
