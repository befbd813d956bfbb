/** What the API's reference says of it as a whole; callers see it at /docs and in /openapi.json. */
export const api = {
  title: 'The shop',
  version: '1.0.0',
  description:
    'Products to browse, orders to place, accounts to open. It is what a checkout of Ebb begins with: change it, or remove it ' +
    'and write your own.',
}
