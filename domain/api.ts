/** Title and description of the API in its reference, at /docs and in /openapi.json. */
export const api = {
  title: 'The shop',
  version: '1.0.0',
  description:
    'Products to browse, orders to place, accounts to open. Every checkout of Ebb begins with it: change it, or remove it ' +
    'and write your own.',
}
