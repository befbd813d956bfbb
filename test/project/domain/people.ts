export const people = {
  ada: { name: 'Ada Lovelace', email: 'ada@example.com', roles: ['customer'] },
  ben: { name: 'Ben Okri', email: 'ben@example.com', roles: ['merchant'] },
  cleo: { name: 'Cleo Park', email: 'cleo@example.com', roles: ['customer', 'merchant'], tenant: 'acme' },
}
