/** Who may log in on the laptop, by the subject of their tokens. Their roles are those of domain/roles.ts. */
export const people = {
  ada: { name: 'Ada Lovelace', email: 'ada@example.com', roles: ['customer'] },
  ben: { name: 'Ben Okri', email: 'ben@example.com', roles: ['customer'] },
  mia: { name: 'Mia Tanaka', email: 'mia@example.com', roles: ['merchant'] },
}
