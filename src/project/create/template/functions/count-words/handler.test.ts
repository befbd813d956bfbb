import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import countWords from './handler.ts'

const fn = testFunction(countWords)

describe('count-words', () => {
  it('204 counts the words of the note', async () => {
    const note = { id: randomUUID(), text: 'Water the plants', createdAt: new Date().toISOString() }
    await fn.query(`insert into notes (id, owner, text) values ($1, 'ada', $2)`, [note.id, note.text])
    expect((await fn.deliver({ type: 'note.created', data: note })).status).toBe(204)
    expect(await fn.query('select words from notes where id = $1', [note.id])).toEqual([{ words: 3 }])
  })

  it('400 for data that do not fit the event', async () => {
    expect((await fn.deliver({ type: 'note.created', data: {} })).status).toBe(400)
  })
})
