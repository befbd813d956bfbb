import { expect, it } from '@jest/globals'
import { createInFlight } from './in-flight.ts'

it('waits for those that are in hand by then, and for none that come later', () => {
  const { begin, end, whenOver } = createInFlight()
  const over: string[] = []
  whenOver(() => over.push('none'))
  const [first, second] = [begin(), begin()]
  whenOver(() => over.push('two'))
  const third = begin()
  whenOver(() => over.push('three'))
  whenOver(() => over.push('the same three'))
  const fourth = begin()
  expect(over).toEqual(['none'])
  end(second)
  end(fourth)
  end(third)
  expect(over).toEqual(['none'])
  end(first)
  expect(over).toEqual(['none', 'two', 'three', 'the same three'])
})
