// DETECTORS.md says what is there: every detector with its pack, its class and the number of its cases, in the order of priority.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { allDetectors, packNames, packs } from '../packs.ts'
import { allCases } from './all-cases.ts'

const page = readFileSync(new URL('../DETECTORS.md', import.meta.url), 'utf8')
const rows = page.split('\n').filter((line) => line.startsWith('| `'))

describe('DETECTORS.md', () => {
  it.each(allDetectors.map((detector) => [detector.name, detector] as const))('tells about %s', (name, detector) => {
    const cases = allCases[name]
    const row = rows
      .find((line) => line.startsWith(`| \`${name}\` |`))
      ?.split('|')
      .map((cell) => cell.trim())
    const inPacks = packNames.filter((pack) => packs[pack].includes(detector)).join(', ')
    const counts = [cases?.positives, cases?.negatives, cases?.evasions, cases?.missed].map((list) =>
      String(list?.length ?? 0),
    )
    expect(row?.slice(2, 4)).toEqual([inPacks, detector.context?.required === true ? 'needed' : ''])
    expect(row?.slice(5, 9)).toEqual(counts)
  })

  it('tells about no other', () => {
    expect(rows.length).toBe(allDetectors.length)
  })

  it('says first what is not detected, names of persons before all', () => {
    const section = page.slice(page.indexOf('## What is not detected'))
    expect(section.split('\n').find((line) => line.startsWith('- '))).toMatch(/names of persons/i)
    expect(page.indexOf('## What is not detected')).toBeLessThan(page.indexOf('## What is detected'))
  })

  it('counts the evasions that are caught and missed', () => {
    const all = Object.values(allCases)
    const caught = all.reduce((sum, { evasions }) => sum + evasions.length, 0)
    const missed = all.reduce((sum, cases) => sum + (cases.missed?.length ?? 0), 0)
    expect(page).toContain(
      `${caught} ways of writing around a detector are caught and ${missed} are known to be missed`,
    )
  })
})
