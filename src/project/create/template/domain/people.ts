/** Who may log in on the laptop, by the subject of their tokens. Their roles are those of domain/roles.ts. */
export const people = {
  ada: { name: 'Ada Lovelace', email: 'ada@example.com', roles: ['writer'] },
  ben: { name: 'Ben Okri', email: 'ben@example.com', roles: [] },
}
