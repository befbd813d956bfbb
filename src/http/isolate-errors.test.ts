import { expect, it } from '@jest/globals'
import { createInFlight } from './isolate-errors.ts'

it('waits for the requests that are in flight at the call, and for none that come later', () => {
  const { begin, end, whenSettled } = createInFlight()
  const over: string[] = []
  whenSettled(() => over.push('none'))
  const [first, second] = [begin(), begin()]
  whenSettled(() => over.push('two'))
  const third = begin()
  whenSettled(() => over.push('three'))
  whenSettled(() => over.push('the same three'))
  const fourth = begin()
  expect(over).toEqual(['none'])
  end(second)
  end(fourth)
  end(third)
  expect(over).toEqual(['none'])
  end(first)
  expect(over).toEqual(['none', 'two', 'three', 'the same three'])
})
