export const api = { title: 'The test project', version: '1.0.0' }
