import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeEndpoint } from '../../test/helpers/upstream-call.ts'
import { Rotation } from './pick.ts'

const endpointsOf = (weights: readonly number[]) =>
  weights.map((weight, index) => makeEndpoint('http://model.test', { name: String(index), weight }))

const draw = (rotation: Rotation, count: number): string =>
  Array.from({ length: count }, () => rotation.next()?.name ?? '-').join('')

describe('Rotation', () => {
  it.each([
    [[1], '000000'],
    [[1, 1], '010101'],
    [[2, 1], '010010'],
    [[5, 1, 1], '0010200'],
    [[1, 0], '0000'],
    [[0, 0], '---'],
    [[], '--'],
  ])('weights %j give %s', (weights, order) => {
    expect(draw(new Rotation(endpointsOf(weights), () => 0), order.length)).toBe(order)
  })

  it('starts where chance says, and goes on in the same order', () => {
    expect(draw(new Rotation(endpointsOf([1, 1, 1]), () => 0.5), 4)).toBe('1201')
    expect(draw(new Rotation(endpointsOf([1, 1, 1]), () => 0.999), 4)).toBe('2012')
  })

  it('gives each endpoint exactly its share of every whole round, wherever it starts', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 })
    const property = fc.property(weights, fc.double({ min: 0, max: 0.999, noNaN: true }), (shares, chance) => {
      const round = shares.reduce((sum, share) => sum + share, 0)
      const drawn = draw(new Rotation(endpointsOf(shares), () => chance), round)
      for (const [index, share] of shares.entries()) expect(drawn.split(String(index))).toHaveLength(share + 1)
    })
    fc.assert(property)
  })

  it('passes over what was tried, until nothing is left', () => {
    const endpoints = endpointsOf([3, 2, 0, 1])
    const rotation = new Rotation(endpoints, () => 0)
    const tried = new Set(endpoints.slice(0, 0))
    for (let next = rotation.next(tried); next !== undefined; next = rotation.next(tried)) {
      expect(tried.has(next)).toBe(false)
      tried.add(next)
    }
    expect([...tried].map(({ name }) => name).toSorted()).toEqual(['0', '1', '3'])
  })
})
